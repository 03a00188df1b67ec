import CloudEvents
import Testing

@Suite("CloudEvent")
struct CloudEventTests {
    /// Everything an event can have, with characters that need care in headers.
    static let full = CloudEvent(
        id: "id 1", source: "/über/100%", type: "sh.keptn.event.dev.delivery.triggered", subject: "a \"quoted\" 漢😀",
        time: Timestamp(milliseconds: 1_522_900_584_123), dataContentType: "application/json",
        dataSchema: "https://example.com/schema", extensions: ["shkeptncontext": "c-1", "count": 3, "flag": true],
        data: .json(["message": "Hello World!", "list": [1, 2.5, .null]]))

    static let payloads: [CloudEvent.Payload?] = [
        nil, .json("text"), .json(42), .json(.emptyObject), .text("äöü"), .text(""), .binary([0, 0xFF, 0x10]),
    ]

    @Test("The structured form, member by member")
    func structuredForm() {
        #expect(
            Self.full.structured.text
                == #"{"specversion":"1.0","id":"id 1","source":"/über/100%","#
                + #""type":"sh.keptn.event.dev.delivery.triggered","subject":"a \"quoted\" 漢😀","#
                + #""time":"2018-04-05T03:56:24.123Z","datacontenttype":"application/json","#
                + #""dataschema":"https://example.com/schema","count":3,"flag":true,"shkeptncontext":"c-1","#
                + #""data":{"message":"Hello World!","list":[1,2.5,null]}}"#)
    }

    @Test("Structured mode keeps everything")
    func structuredRoundTrip() throws {
        #expect(try CloudEvent.events(in: Self.full.structuredMessage) == [Self.full])
    }

    @Test("What calls itself canonical is read back as it is", arguments: payloads)
    func canonicalEvents(payload: CloudEvent.Payload?) throws {
        for type in [nil, "application/json", "text/plain"] {
            let event = CloudEvent(
                id: "1", source: "s", type: "t", time: Timestamp(milliseconds: -1), dataContentType: type,
                extensions: ["shkeptncontext": "c"], data: payload)
            let isSame = try CloudEvent(structured: event.structured) == event
            #expect(event.isCanonical == isSame)
        }
    }

    @Test("What cannot be read back, or as something else, is not canonical")
    func eventsThatAreNotCanonical() {
        let good = CloudEvent(id: "1", source: "s", type: "t", data: .json(["a": 1]))
        #expect(good.isCanonical)
        let changes: [(inout CloudEvent) -> Void] = [
            { $0.id = "" }, { $0.source = "a\nb" }, { $0.type = "" }, { $0.subject = "\u{7F}" },
            { $0.dataContentType = "a\r" }, { $0.dataSchema = "\0" }, { $0.time = Timestamp(nanoseconds: 1) },
            { $0.time = Timestamp(milliseconds: 9_214_646_400_000) }, { $0.extensions["id"] = "2" },
            { $0.extensions["a"] = .null }, { $0.data = .json(.null) },
        ]
        for change in changes {
            var event = good
            change(&event)
            #expect(!event.isCanonical, "\(event)")
        }
    }

    @Test("Structured mode keeps every kind of data", arguments: payloads)
    func structuredPayloads(payload: CloudEvent.Payload?) throws {
        var event = CloudEvent(id: "1", source: "s", type: "t", data: payload)
        let read = try CloudEvent(structured: event.structured)
        if case .text? = payload { event.dataContentType = "text/plain" }
        #expect(read == event)
    }

    @Test("Extensions of any JSON kind survive structured mode, under any name")
    func unknownExtensions() throws {
        let text =
            #"{"specversion":"1.0","id":"1","source":"s","type":"t","odd name":{"a":[1]},"Upper":1.5,"nothing":null}"#
        let event = try CloudEvent(structured: Array(text.utf8))
        #expect(event.extensions == ["odd name": ["a": [1]], "Upper": 1.5])
        #expect(try CloudEvent(structured: event.structured) == event)
        #expect(event["Upper"] == "1.5")
        #expect(event["odd name"] == nil)
    }

    @Test("Binary mode keeps everything; numbers and booleans become text")
    func binaryRoundTrip() throws {
        var expected = Self.full
        expected.extensions = ["shkeptncontext": "c-1", "count": "3", "flag": "true"]
        #expect(try CloudEvent.events(in: Self.full.binaryMessage) == [expected])
        #expect(
            Self.full.binaryMessage.headers.map { "\($0.name): \($0.value)" } == [
                "ce-specversion: 1.0", "ce-id: id%201", "ce-source: /%C3%BCber/100%25",
                "ce-type: sh.keptn.event.dev.delivery.triggered",
                "ce-subject: a%20%22quoted%22%20%E6%BC%A2%F0%9F%98%80", "ce-time: 2018-04-05T03:56:24.123Z",
                "ce-dataschema: https://example.com/schema", "ce-count: 3", "ce-flag: true", "ce-shkeptncontext: c-1",
            ])
    }

    @Test(
        "Binary mode takes the body by its content type",
        arguments: [
            ("application/json", "{\"a\":1}", .json(["a": 1])),
            ("application/json; charset=utf-8", "[]", .json([])),
            ("application/vnd.example+json", "1", .json(1)),
            ("text/plain", "{\"a\":1}", .text("{\"a\":1}")),
            ("text/xml; charset=utf-8", "<a/>", .text("<a/>")),
            ("application/octet-stream", "{}", .binary(Array("{}".utf8))),
            (nil, "{}", .binary(Array("{}".utf8))),
            ("application/json", "", nil),
        ] as [(String?, String, CloudEvent.Payload?)])
    func binaryBodies(contentType: String?, body: String, expected: CloudEvent.Payload?) throws {
        var message = CloudEvent(id: "1", source: "s", type: "t").binaryMessage
        message.contentType = contentType
        message.body = Array(body.utf8)
        let event = try CloudEvent(binary: message)
        #expect(event.data == expected)
        #expect(event.dataContentType == contentType)
        #expect(event.binaryMessage.body == message.body)
    }

    @Test(
        "Header values are unquoted first and percent-decoded once",
        arguments: [
            ("plain", "plain"), ("a%20b", "a b"), ("%E2%82%AC", "€"), ("%2525", "%25"), ("100%", "100%"), ("%2", "%2"),
            ("%zz", "%zz"), ("%+1%-1", "%+1%-1"), ("\"a b\"", "a b"), ("\"a\\\"b\\\\\"", "a\"b\\"), ("\"", "\""),
            ("a\"b", "a\"b"), ("%FF", "\u{FFFD}"),
        ])
    func headerValues(raw: String, expected: String) throws {
        var message = CloudEvent(id: "1", source: "s", type: "t").binaryMessage
        message.headers.append(("CE-Subject", raw))
        #expect(try CloudEvent(binary: message).subject == expected)
    }

    @Test("An extension whose name cannot be a header's stays out of binary mode")
    func headerNames() {
        let event = CloudEvent(
            id: "1", source: "s", type: "t",
            extensions: ["a b": "1", "x\r\nevil": "2", "": "3", "ok": "4", "list": [1]])
        #expect(
            event.binaryMessage.headers.map(\.name) == ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-ok"])
    }

    @Test("A batch keeps its events and their order")
    func batch() throws {
        let events = [Self.full] + (1...3).map { CloudEvent(id: "\($0)", source: "s", type: "t", data: .binary([$0])) }
        let message = CloudEvent.batchMessage(events)
        #expect(message.contentType == "application/cloudevents-batch+json")
        #expect(try CloudEvent.events(in: message) == events)
        #expect(try CloudEvent.events(in: CloudEvent.batchMessage([])) == [])
    }

    @Test("Keptn's contenttype is understood, and datacontenttype goes before it")
    func keptnContentType() throws {
        func event(_ members: String) throws -> CloudEvent {
            try CloudEvent(
                structured: Array(#"{"specversion":"1.0","id":"1","source":"s","type":"t",\#(members)}"#.utf8))
        }
        #expect(try event(#""contenttype":"application/json","data":{}"#).dataContentType == "application/json")
        #expect(try event(#""contenttype":"a/b","datacontenttype":"c/d""#).dataContentType == "c/d")
        #expect(try event(#""datacontenttype":"c/d","contenttype":"a/b""#).dataContentType == "c/d")
        #expect(try event(#""contenttype":"a/b""#).extensions.isEmpty)
        #expect(try event(#""datacontenttype":"text/plain","data":"{}""#).data == .text("{}"))
        #expect(try event(#""datacontenttype":"application/json","data":"{}""#).data == .json("{}"))
        #expect(try event(#""datacontenttype":"text/xml","data":{"a":1}"#).data == .json(["a": 1]))
        #expect(try event(#""data":null"#).data == nil)
        #expect(try event(#""data":null,"data_base64":"AAE=\n""#).data == .binary([0, 1]))
    }
}

// MARK: - Modes and errors

extension CloudEventTests {
    @Test(
        "The mode of a message",
        arguments: [
            ("application/cloudevents+json", .structured),
            ("application/cloudevents", .structured),
            ("Application/CloudEvents+JSON; charset=utf-8", .structured),
            ("application/cloudevents-batch+json;charset=utf-8", .batched),
            ("application/json", .binary),
            (nil, .binary),
            ("application/cloudevents+avro", nil),
            ("application/cloudevents-batch+avro", nil),
        ] as [(String?, CloudEvent.HTTPMode?)])
    func modes(contentType: String?, expected: CloudEvent.HTTPMode?) {
        let message = CloudEvent.HTTPMessage(contentType: contentType, headers: [("Ce-SpecVersion", "1.0")], body: [])
        #expect(CloudEvent.mode(of: message) == expected)
    }

    struct BadMessage: Sendable, CustomTestStringConvertible {
        var contentType: String? = "application/cloudevents+json"
        var headers: [(name: String, value: String)] = []
        var body = ""
        var message: String
        var testDescription: String { message }
    }

    static let required: [(name: String, value: String)] = [
        ("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "s"), ("ce-type", "t"),
    ]

    static func structured(_ members: String) -> String {
        #"{"specversion":"1.0","id":"1","source":"s","type":"t",\#(members)}"#
    }

    static let badMessages = [
        BadMessage(body: "", message: "the body is not JSON: a value is missing at byte 0"),
        BadMessage(body: "{", message: "the body is not JSON: a member name in quotes is missing at byte 1"),
        BadMessage(body: "[]", message: "an event has to be a JSON object; this is a JSON array"),
        BadMessage(body: "{}", message: "required attribute 'specversion' is missing or empty"),
        BadMessage(
            body: #"{"specversion":"1.0","source":"s","type":"t"}"#,
            message: "required attribute 'id' is missing or empty"),
        BadMessage(
            body: #"{"specversion":"1.0","id":"1","source":"","type":"t"}"#,
            message: "required attribute 'source' is missing or empty"),
        BadMessage(
            body: #"{"specversion":"1.0","id":"1","source":"s","type":null}"#,
            message: "required attribute 'type' is missing or empty"),
        BadMessage(
            body: #"{"specversion":"0.1","id":"1","source":"s","type":"t"}"#,
            message: #"attribute 'specversion' has the value '0.1'; "1.0" or "0.3" or "0.2" is needed"#),
        BadMessage(
            body: structured(#""subject":5"#), message: "attribute 'subject' has the value '5'; a string is needed"),
        BadMessage(
            body: structured(#""subject":"a\nb""#),
            message: #"attribute 'subject' has the value '"a\nb"'; a string without control characters is needed"#),
        BadMessage(
            body: structured(#""contenttype":5"#),
            message: "attribute 'contenttype' has the value '5'; a string is needed"),
        BadMessage(
            body: structured(#""time":"noon""#),
            message: "attribute 'time' has the value 'noon'; an RFC 3339 time such as 2026-01-31T12:00:00Z is needed"),
        BadMessage(
            body: structured(#""data_base64":"??""#),
            message: "attribute 'data_base64' has the value '??'; Base64 is needed"),
        BadMessage(
            body: structured(#""data":1,"data_base64":"AA==""#),
            message: "an event cannot have both 'data' and 'data_base64'"),
        BadMessage(
            contentType: "application/cloudevents-batch+json", body: "{}",
            message: "a batch has to be a JSON array; this is a JSON object"),
        BadMessage(
            contentType: "application/cloudevents-batch+json", body: "[1]",
            message: "an event has to be a JSON object; this is a JSON number"),
        BadMessage(
            contentType: "application/json", headers: required, body: "{",
            message: "the body is not JSON: a member name in quotes is missing at byte 1"),
        BadMessage(
            contentType: nil, headers: [("ce-specversion", "1.0")],
            message: "required attribute 'id' is missing or empty"),
        BadMessage(
            contentType: nil, headers: required + [("ce-time", "noon")],
            message: "attribute 'time' has the value 'noon'; an RFC 3339 time such as 2026-01-31T12:00:00Z is needed"),
        BadMessage(
            contentType: nil, headers: required + [("ce-subject", "a%0Ab")],
            message: #"attribute 'subject' has the value '"a\nb"'; a string without control characters is needed"#),
        BadMessage(
            contentType: nil, headers: required + [("ce-data", "x")],
            message: "attribute 'data' has the value 'x'; the body or the Content-Type header is needed"),
        BadMessage(
            contentType: "text/plain",
            message: "content type 'text/plain' is not supported; use application/cloudevents+json, "
                + "application/cloudevents-batch+json, or any type together with ce- headers"),
    ]

    @Test("What is wrong with a message is said", arguments: badMessages)
    func refuses(bad: BadMessage) {
        let message = CloudEvent.HTTPMessage(
            contentType: bad.contentType, headers: bad.headers, body: Array(bad.body.utf8))
        let error = #expect(throws: CloudEventError.self) { try CloudEvent.events(in: message) }
        #expect(error?.description == bad.message)
    }
}
