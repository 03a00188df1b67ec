/// The HTTP protocol binding (CloudEvents HTTP Protocol Binding 1.0.2): binary, structured and batched mode.
extension CloudEvent {
    /// The part of an HTTP request or response that a CloudEvent occupies.
    public struct HTTPMessage: Sendable, Hashable {
        public var contentType: String?
        /// Header fields; names in any case.
        public var headers: [(name: String, value: String)]
        public var body: [UInt8]

        public init(contentType: String?, headers: [(name: String, value: String)] = [], body: [UInt8]) {
            self.contentType = contentType
            self.headers = headers
            self.body = body
        }

        public static func == (left: HTTPMessage, right: HTTPMessage) -> Bool {
            left.contentType == right.contentType && left.body == right.body
                && left.headers.elementsEqual(right.headers) { $0 == $1 }
        }

        public func hash(into hasher: inout Hasher) {
            hasher.combine(contentType)
            hasher.combine(body)
        }
    }

    /// How events travel in an HTTP message.
    public enum HTTPMode: String, Sendable, CaseIterable {
        case structured, binary, batched
    }

    /// The mode that a message is in: by its content type, else by its `ce-specversion` header; nil when neither
    /// speaks of CloudEvents.
    public static func mode(of message: HTTPMessage) -> HTTPMode? {
        let type = (message.contentType ?? "").prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        if [batchContentType, "application/cloudevents-batch"].contains(type) { return .batched }
        if [structuredContentType, "application/cloudevents"].contains(type) { return .structured }
        // Another event format, such as application/cloudevents+avro.
        if type.hasPrefix("application/cloudevents") { return nil }
        return message.headers.contains { $0.name.lowercased() == "ce-specversion" } ? .binary : nil
    }

    /// The events of a message in any mode.
    public static func events(in message: HTTPMessage) throws(CloudEventError) -> [CloudEvent] {
        switch mode(of: message) {
        case .structured?: return [try CloudEvent(structured: message.body)]
        case .batched?: return try batch(message.body)
        case .binary?: return [try CloudEvent(binary: message)]
        case nil: throw .unsupportedContentType(message.contentType ?? "")
        }
    }

    /// Reads the binary mode of any version: attributes from `ce-` headers, the body is the data.
    public init(binary message: HTTPMessage) throws(CloudEventError) {
        var event = CloudEvent(id: "", source: "", type: "", dataContentType: message.contentType)
        var specVersion: String?
        for (name, raw) in message.headers {
            let name = name.lowercased()
            guard name.hasPrefix("ce-") else { continue }
            let attribute = String(name.dropFirst(3))
            let value = try Self.checked(HeaderValue.decode(raw), attribute)
            switch attribute {
            case "id": event.id = value
            case "source": event.source = value
            case "type": event.type = value
            case "specversion": specVersion = value
            case "subject": event.subject = value
            case "time": event.time = try Self.time(value)
            case "dataschema": event.dataSchema = value
            // Extensions of these names would turn into another data in structured mode.
            case "data", "data_base64", "datacontenttype", "contenttype":
                throw .invalid(attribute: attribute, value: value, expected: "the body or the Content-Type header")
            default: event.extensions[attribute] = .string(value)
            }
        }
        let encoding = try event.adoptAttributes(of: SpecVersion(attribute: specVersion))
        try event.checkRequired()
        if !message.body.isEmpty {
            if encoding == .base64 {
                event.data = try event.decoded(String(decoding: message.body, as: UTF8.self))
            } else if let type = message.contentType, Self.isJSON(mediaType: type) {
                event.data = .json(try Self.parse(message.body))
            } else if let type = message.contentType, type.lowercased().hasPrefix("text/"),
                let text = String(validating: message.body, as: UTF8.self)
            {
                event.data = .text(text)
            } else {
                event.data = .binary(message.body)
            }
        }
        self = event
    }

    /// The event as a message in structured mode.
    public var structuredMessage: HTTPMessage {
        HTTPMessage(contentType: Self.structuredContentType, body: Array(structured.bytes))
    }

    /// The event as a message in binary mode. Extensions that are neither text nor number nor boolean, or whose name
    /// cannot be part of a header's, have no header form and stay out.
    public var binaryMessage: HTTPMessage { binaryMessage(as: .v1_0) }

    /// The same in the words of a version.
    public func binaryMessage(as version: SpecVersion) -> HTTPMessage {
        var headers: [(name: String, value: String)] = [
            ("ce-specversion", version.rawValue), ("ce-id", id), ("ce-source", source), ("ce-type", type),
        ]
        if let subject { headers.append(("ce-subject", subject)) }
        if let time { headers.append(("ce-time", time.rfc3339)) }
        if let dataSchema { headers.append(("ce-\(version.dataSchemaName)", dataSchema)) }
        for name in extensions.keys.sorted() where HeaderValue.canFollowPrefix(name) {
            if let value = self[name] { headers.append(("ce-\(name)", value)) }
        }
        headers = headers.map { ($0.name, HeaderValue.encode($0.value)) }
        switch data {
        case .json(let value)?:
            return HTTPMessage(
                contentType: dataContentType ?? "application/json", headers: headers, body: Array(value.bytes))
        case .text(let text)?:
            return HTTPMessage(contentType: dataContentType ?? "text/plain", headers: headers, body: Array(text.utf8))
        case .binary(let bytes)?:
            return HTTPMessage(
                contentType: dataContentType ?? "application/octet-stream", headers: headers, body: bytes)
        case nil:
            return HTTPMessage(contentType: dataContentType, headers: headers, body: [])
        }
    }

    /// Many events as one message in batched mode.
    public static func batchMessage(_ events: [CloudEvent]) -> HTTPMessage {
        HTTPMessage(contentType: batchContentType, body: Array(JSON.array(events.map(\.structured)).bytes))
    }
}

/// The header encoding of the HTTP binding, section 3.1.3.2: everything outside printable ASCII, and blank, quote and
/// percent, as `%XX` of its UTF-8 bytes.
enum HeaderValue {
    /// Whether `ce-` and this name make a header field name (RFC 9110 section 5.1; letters, digits and `-`, `.`, `_`
    /// are all that CloudEvents needs).
    static func canFollowPrefix(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_")].contains($0)
                }
            }
    }

    static func encode(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "%") {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Undoes `encode`, after the quotes of a quoted string (RFC 9110 section 5.6.4); a `%` without two hexadecimal
    /// digits stays as it is.
    static func decode(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "\"") }) else { return text }
        let bytes = unquoted(Array(text.utf8))
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = Character(UnicodeScalar(bytes[index + 1])).hexDigitValue,
                let low = Character(UnicodeScalar(bytes[index + 2])).hexDigitValue
            {
                out.append(UInt8(high << 4 | low))
                index += 3
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func unquoted(_ bytes: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        guard bytes.count >= 2, bytes.first == quote, bytes.last == quote else { return bytes }
        var out: [UInt8] = []
        var isEscaped = false
        for byte in bytes.dropFirst().dropLast() {
            if byte == UInt8(ascii: "\\"), !isEscaped {
                isEscaped = true
            } else {
                out.append(byte)
                isEscaped = false
            }
        }
        return out
    }
}
