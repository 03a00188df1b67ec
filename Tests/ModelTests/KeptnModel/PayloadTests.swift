import CloudEvents
import KeptnModel
import TestSupport
import Testing

@Suite("Payload merge")
struct PayloadMergeTests {
    @Test(
        "Older and newer payload, and what comes out",
        arguments: [
            (#"{}"#, #"{}"#, #"{}"#),
            (#"{"a":1}"#, #"{"b":2}"#, #"{"a":1,"b":2}"#),
            (#"{"a":1,"b":1}"#, #"{"b":2,"a":3}"#, #"{"a":3,"b":2}"#),
            (#"{"a":{"x":1,"y":1}}"#, #"{"a":{"y":2,"z":2}}"#, #"{"a":{"x":1,"y":2,"z":2}}"#),
            (#"{"a":[1,2]}"#, #"{"a":[3]}"#, #"{"a":[3,1,2]}"#),
            (#"{"a":[1]}"#, #"{"a":[]}"#, #"{"a":[1]}"#),
            (#"{"a":[{"x":1}]}"#, #"{"a":[{"x":1}]}"#, #"{"a":[{"x":1},{"x":1}]}"#),
            (#"{"a":1}"#, #"{"a":"1"}"#, #"{"a":"1"}"#),
            (#"{"a":{"x":1}}"#, #"{"a":"text"}"#, #"{"a":"text"}"#),
            (#"{"a":"text"}"#, #"{"a":{"x":1}}"#, #"{"a":{"x":1}}"#),
            (#"{"a":[1]}"#, #"{"a":{"x":1}}"#, #"{"a":{"x":1}}"#),
            (#"{"a":1}"#, #"{"a":null}"#, #"{"a":1}"#),
            (#"{"a":null}"#, #"{"a":1}"#, #"{"a":1}"#),
            (#"{"a":null}"#, #"{"a":null,"b":null}"#, #"{"a":null,"b":null}"#),
            (#"{"a":""}"#, #"{"a":false}"#, #"{"a":false}"#),
            (#"{"a":1}"#, #"null"#, #"{"a":1}"#),
            (#"null"#, #"{"a":1}"#, #"{"a":1}"#),
            (#"{"a":1}"#, #"[]"#, #"[]"#),
            (#"{"a":1.0,"b":"\u00e9"}"#, #"{"c":1e2}"#, #"{"a":1.0,"b":"\u00e9","c":1e2}"#),
            (#"{"\u0061":1}"#, #"{"a":2}"#, #"{"a":2}"#),
        ])
    func merge(older: String, newer: String, expected: String) throws {
        #expect(try JSON(parsing: older).merging(JSON(parsing: newer)).text == expected)
    }

    @Test("Merging is associative, and null changes nothing", arguments: 0..<200 as Range<UInt64>)
    func laws(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        func object(_ depth: Int = 0) -> JSON {
            .object(
                ["a", "b", "c"].filter { _ in random.chance(60) }.map { key in
                    switch Int.random(in: 0..<(depth < 3 ? 4 : 2), using: &random) {
                    case 0: return (key, .integer(Int.random(in: 0...9, using: &random)))
                    case 1: return (key, .array([.integer(Int.random(in: 0...9, using: &random))]))
                    default: return (key, object(depth + 1))
                    }
                })
        }
        let (first, second, third) = (object(), object(), object())
        #expect(JSON.null.merging(first) == first)
        #expect(first.merging(.null) == first)
        #expect(first.merging(.emptyObject) == first)
        // Only where no kinds clash: a clash throws the older value away.
        if Self.kindsAgree(first, second), Self.kindsAgree(first.merging(second), third), Self.kindsAgree(second, third)
        {
            #expect(first.merging(second).merging(third) == first.merging(second.merging(third)))
        }
    }

    private static func kindsAgree(_ left: JSON, _ right: JSON) -> Bool {
        guard left.kind == right.kind else { return false }
        return left.members.allSatisfy { key, value in right[key].map { kindsAgree(value, $0) } ?? true }
    }
}

@Suite("Keptn events")
struct KeptnEventTests {
    @Test("A Keptn event carries its extensions and the spec's version")
    func extensions() {
        let event = CloudEvent(
            keptn: .task(name: "test", kind: .finished), id: "1", source: "jmeter-service", time: Timestamp(seconds: 0),
            context: "c", triggeredID: "t", gitCommitID: "", data: ["project": "p"])
        #expect(
            event.structured.text
                == #"{"specversion":"1.0","id":"1","source":"jmeter-service","type":"sh.keptn.event.test.finished","#
                + #""time":"1970-01-01T00:00:00.000Z","datacontenttype":"application/json","#
                + #""shkeptncontext":"c","shkeptnspecversion":"0.2.4","triggeredid":"t","data":{"project":"p"}}"#)
        #expect(event.keptnContext == "c")
        #expect(event.triggeredID == "t")
        #expect(event.gitCommitID == nil)
        #expect(event.eventType == .task(name: "test", kind: .finished))
    }

    @Test("The common members of data")
    func data() throws {
        let json = try JSON(
            parsing: """
                {"project":"p","stage":"s","service":"c","labels":{"a":"b"},"status":"succeeded","result":"pass",
                "message":"m","deployment":{}}
                """)
        let data = try #require(KeptnData(json))
        #expect(data.scope?.description == "p/s/c")
        #expect(data.labels == ["a": "b"])
        #expect([data.status, data.result, data.message] == ["succeeded", "pass", "m"])
        #expect(KeptnData(["project": "p", "stage": "", "service": "c"])?.scope == nil)
        #expect(KeptnData(["project": 1, "labels": []])?.project == nil)
        #expect(KeptnData([]) == nil)
        #expect(CloudEvent(id: "1", source: "s", type: "t", data: .text("x")).keptnData == nil)
    }
}
