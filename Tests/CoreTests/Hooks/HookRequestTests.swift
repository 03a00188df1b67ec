import CloudEvents
import Core
import KeptnModel
import Testing

@Suite("Requests to hooks")
struct HookRequestTests {
    private static func data(_ data: JSON, of body: JSON) throws -> JSON? {
        let hook = EventMappings.Hook(name: "h", authentication: .none, events: [.init(type: "t", data: data)])
        return try HookRequest(headers: ["x-a": "1"], body: Array(body.text.utf8)).events(by: hook).events.first?.data
    }

    @Test("What is looked up in an object keeps its kind, and is left out where it is not there")
    func lookUps() throws {
        let data: JSON = [
            "a": #"{{ index .payload "a" }}"#, "c": #"{{ index .payload "b" "c" }}"#, "d": #"{{index .payload.b "d"}}"#,
            "e": #"{{ index .payload "x" "y" }}"#, "f": [#"{{ index .payload "x" }}"#], "g": "{{ .payload.g }}",
            "h": #"{{ index .headers "x-a" }}"#, "i": #"<{{ index .payload "x" }}>"#,
        ]
        let body: JSON = ["a": 1, "b": ["c": [true]], "g": JSON.null]
        let expected: JSON = ["a": 1, "c": [true], "f": [.null], "g": JSON.null, "h": "1", "i": "<<no value>>"]
        #expect(try Self.data(data, of: body) == expected)
    }

    @Test("Only what is looked up may be missing", arguments: ["{{ .payload.x }}", #"{{ index .payload.x "y" }}"#])
    func missing(text: String) {
        #expect(throws: HookMistake.self) { try Self.data(["a": .string(text)], of: [:]) }
    }

    @Test("A big payload is made ready once for a hundred events")
    func manyEvents() throws {
        let noise = JSON.array((0..<6000).map { ["n": .string("\($0)")] })
        let body: JSON = ["alerts": .array((0..<100).map { ["n": .string("\($0)")] }), "noise": noise]
        let hook = EventMappings.Hook(
            name: "h", authentication: .none,
            events: [
                .init(
                    forEach: ["alerts"], when: #"{{ ne .item.n "x" }}"#, id: "{{ .item.n }}", type: "t",
                    data: ["n": "x {{ .item.n }}"])
            ])
        let events = try HookRequest(headers: [:], body: Array(body.text.utf8)).events(by: hook).events
        #expect(events.compactMap { $0.data["n"]?.stringValue } == (0..<100).map { "x \($0)" })
    }
}
