import CloudEvents
import Core
import KeptnModel
import Testing

@Suite("Requests to hooks")
struct HookRequestTests {
    @Test("probe")
    func probe() throws {
        let entry = #"{"a":"\#(String(repeating: "x,", count: 20))","b":[1,2,3,4,5,6,7,8,9],"c":{"d":{"e":"f"}}}"#
        let noise = Array(repeating: entry, count: 600).joined(separator: ",")
        let body = #"{"alerts":[\#((0..<100).map { "{\"n\":\"\($0)\"}" }.joined(separator: ","))],"noise":[\#(noise)]}"#
        let data = JSON.object((0..<12).map { (key: "k\($0)", value: JSON.string("x {{ .item.n }}")) })
        let hook = EventMappings.Hook(
            name: "h", authentication: .none,
            events: [
                .init(forEach: ["alerts"], when: #"{{ ne .item.n "x" }}"#, id: "{{ .item.n }}", type: "t", data: data)
            ])
        let clock = ContinuousClock()
        let time = try clock.measure {
            let events = try HookRequest(headers: [:], body: Array(body.utf8)).events(by: hook).events
            #expect(events.count == 100)
        }
        print("PROBE", body.utf8.count, time)
    }
}
