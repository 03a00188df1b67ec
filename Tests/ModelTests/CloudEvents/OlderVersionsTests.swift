import CloudEvents
import Testing

@Suite("CloudEvents 0.2 and 0.3")
struct OlderVersionsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// The structured form without the attributes that every version has.
        var members: String
        var event: CloudEvent

        init(
            _ title: String, _ members: String, contentType: String? = nil, schema: String? = nil,
            extensions: [String: JSON] = [:], data: CloudEvent.Payload? = nil
        ) {
            testDescription = title
            self.members = members
            event = CloudEvent(
                id: "1", source: "helm-service", type: "t", dataContentType: contentType, dataSchema: schema,
                extensions: extensions, data: data)
        }

        var text: String { #"{"id":"1","source":"helm-service","type":"t",\#(members)}"# }
    }

    static let cases = [
        Case(
            "0.2 as Keptn sends it",
            #""specversion":"0.2","contenttype":"application/json","shkeptncontext":"c","data":{"project":"p"}"#,
            contentType: "application/json", extensions: ["shkeptncontext": "c"], data: .json(["project": "p"])),
        Case(
            "0.2 with a schema and extensions in two places; those at the top count",
            #""specversion":"0.2","schemaurl":"https://x/y","#
                + #""extensions":{"a":1,"b":null,"c":"inner","id":"2"},"c":"top""#,
            schema: "https://x/y", extensions: ["a": 1, "c": "top"]),
        Case(
            "0.2 has no encoding, so text of an unknown type stays text",
            #""specversion":"0.2","contenttype":"a/b","data":"AAE=","datacontentencoding":"base64""#,
            contentType: "a/b", extensions: ["datacontentencoding": "base64"], data: .text("AAE=")),
        Case(
            "0.2 without a type holds JSON", #""specversion":"0.2","data":"text""#, data: .json("text")),
        Case(
            "0.3 with JSON", #""specversion":"0.3","datacontenttype":"application/json","schemaurl":"s","data":[1]"#,
            contentType: "application/json", schema: "s", data: .json([1])),
        Case(
            "0.3 with bytes", #""specversion":"0.3","datacontentencoding":"base64","data":"AAE=""#,
            data: .binary([0, 1])),
        Case(
            "0.3 with packed JSON",
            #""specversion":"0.3","datacontenttype":"a/x+json","datacontentencoding":"Base64","data":"eyJhIjoxfQ==""#,
            contentType: "a/x+json", data: .json(["a": 1])),
        Case(
            "0.3 keeps an extension named as 0.2 names its map", #""specversion":"0.3","extensions":{"a":1}"#,
            extensions: ["extensions": ["a": 1]]),
        Case(
            "1.0 has none of their attributes",
            #""specversion":"1.0","schemaurl":"s","datacontentencoding":"base64","extensions":{"a":1}"#,
            extensions: ["schemaurl": "s", "datacontentencoding": "base64", "extensions": ["a": 1]]),
    ]

    @Test("Every version becomes the same event", arguments: cases)
    func structured(test: Case) throws {
        #expect(try CloudEvent(structured: Array(test.text.utf8)) == test.event)
        let batch = CloudEvent.HTTPMessage(
            contentType: "application/cloudevents-batch+json", body: Array("[\(test.text),\(test.text)]".utf8))
        #expect(try CloudEvent.events(in: batch) == [test.event, test.event])
    }

    @Test(
        "Binary mode",
        arguments: [
            ("0.2", "application/json", #"{"a":1}"#, .json(["a": 1])),
            ("0.3", "application/json", #"{"a":1}"#, .json(["a": 1])),
            ("0.3", "text/plain", "abc", .text("abc")),
        ] as [(String, String, String, CloudEvent.Payload)])
    func binary(version: String, type: String, body: String, data: CloudEvent.Payload) throws {
        let message = Self.binaryMessage(version, type, body, [("ce-schemaurl", "https://x")])
        let event = try #require(try CloudEvent.events(in: message).first)
        #expect(
            event
                == CloudEvent(
                    id: "1", source: "s", type: "t", dataContentType: type, dataSchema: "https://x", data: data))
    }

    @Test("Binary mode of 0.3 may have its body in Base64")
    func binaryEncoded() throws {
        let encoded = [(name: "ce-datacontentencoding", value: "base64")]
        let json = try CloudEvent(binary: Self.binaryMessage("0.3", "application/json", "eyJhIjoxfQ==", encoded))
        #expect(json.json == ["a": 1])
        let bytes = try CloudEvent(binary: Self.binaryMessage("0.3", "a/b", "AAE=", encoded))
        #expect(bytes.data == .binary([0, 1]))
        #expect(bytes.extensions.isEmpty)
    }

    private static func binaryMessage(
        _ version: String, _ type: String, _ body: String, _ headers: [(name: String, value: String)]
    ) -> CloudEvent.HTTPMessage {
        CloudEvent.HTTPMessage(
            contentType: type,
            headers: [("ce-specversion", version), ("ce-id", "1"), ("ce-source", "s"), ("ce-type", "t")] + headers,
            body: Array(body.utf8))
    }

    @Test("Each version's own words")
    func written() {
        let event = CloudEvent(
            id: "1", source: "s", type: "t", time: Timestamp(milliseconds: 0), dataContentType: "application/json",
            dataSchema: "https://x", extensions: ["shkeptncontext": "c", "schemaurl": "gone"], data: .json(["a": 1]))
        let common = #""id":"1","source":"s","type":"t","time":"1970-01-01T00:00:00.000Z""#
        let rest = #""schemaurl":"https://x","shkeptncontext":"c","data":{"a":1}}"#
        #expect(
            event.structured(as: .v0_2).text
                == #"{"specversion":"0.2",\#(common),"contenttype":"application/json",\#(rest)"#)
        #expect(
            event.structured(as: .v0_3).text
                == #"{"specversion":"0.3",\#(common),"datacontenttype":"application/json",\#(rest)"#)
        #expect(event.structured(as: .v1_0) == event.structured)
    }

    @Test(
        "What is written in any version is read as the same event",
        arguments: CloudEvent.SpecVersion.allCases,
        [.json(["a": [1]]), .text("äöü"), .binary([0, 0xFF]), nil] as [CloudEvent.Payload?])
    func roundTrip(version: CloudEvent.SpecVersion, payload: CloudEvent.Payload?) throws {
        var event = CloudEventTests.full
        event.data = payload
        if case .text? = payload { event.dataContentType = "text/plain" }
        if case .binary(let bytes)? = payload {
            event.dataContentType = "a/b"
            // 0.2 cannot say that its text is Base64.
            if version == .v0_2 {
                let read = try CloudEvent(structured: event.structured(as: version))
                #expect(read.data == .text(Base64.encode(bytes)))
                return
            }
        }
        #expect(try CloudEvent.events(in: event.structuredMessage(as: version)) == [event])
    }

    @Test(
        "What is wrong is said",
        arguments: [
            (
                #""specversion":"0.4""#,
                #"attribute 'specversion' has the value '0.4'; "1.0" or "0.3" or "0.2" is needed"#
            ),
            (
                #""specversion":"0.3","datacontentencoding":"gzip","data":"x""#,
                "attribute 'datacontentencoding' has the value 'gzip'; \"base64\" or no such attribute is needed"
            ),
            (
                #""specversion":"0.3","datacontentencoding":"base64","data":"??""#,
                "attribute 'data' has the value '??'; Base64 is needed"
            ),
            (
                #""specversion":"0.3","datacontenttype":"a/json","datacontentencoding":"base64","data":"AA==""#,
                "the body is not JSON: not a JSON value at byte 0"
            ),
            (#""specversion":"0.2","schemaurl":5"#, "attribute 'schemaurl' has the value '5'; a string is needed"),
        ])
    func refuses(members: String, message: String) {
        let error = #expect(throws: CloudEventError.self) {
            try CloudEvent(structured: Array(#"{"id":"1","source":"s","type":"t",\#(members)}"#.utf8))
        }
        #expect(error?.description == message)
    }
}
