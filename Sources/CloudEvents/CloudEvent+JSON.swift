/// The JSON event format (CloudEvents JSON Format 1.0.2) and the JSON batch format.
extension CloudEvent {
    public static let structuredContentType = "application/cloudevents+json"
    public static let batchContentType = "application/cloudevents-batch+json"

    /// Reads an event of any version from its structured JSON form. Keptn's `contenttype` is understood as
    /// `datacontenttype`.
    public init(structured json: JSON) throws(CloudEventError) {
        guard json.kind == .object else {
            throw .wrongShape("an event has to be a JSON object; this is a JSON \(json.kind.rawValue)")
        }
        var event = CloudEvent(id: "", source: "", type: "")
        var specVersion: String?
        var data: JSON?
        var base64: String?
        for (key, value) in json.members where !value.isNull {
            switch key {
            case "id": event.id = try Self.text(value, key)
            case "source": event.source = try Self.text(value, key)
            case "type": event.type = try Self.text(value, key)
            case "specversion": specVersion = try Self.text(value, key)
            case "subject": event.subject = try Self.text(value, key)
            case "time": event.time = try Self.time(try Self.text(value, key))
            case "datacontenttype": event.dataContentType = try Self.text(value, key)
            case "contenttype":
                let type = try Self.text(value, key)
                if event.dataContentType == nil { event.dataContentType = type }
            case "dataschema": event.dataSchema = try Self.text(value, key)
            case "data": data = value
            case "data_base64": base64 = try Self.text(value, key)
            default: event.extensions[key] = value
            }
        }
        let encoding = try event.adoptAttributes(of: SpecVersion(attribute: specVersion))
        try event.checkRequired()
        if let base64 {
            guard data == nil else { throw .wrongShape("an event cannot have both 'data' and 'data_base64'") }
            guard let bytes = Base64.decode(base64) else {
                throw .invalid(attribute: "data_base64", value: String(base64.prefix(40)), expected: "Base64")
            }
            event.data = .binary(bytes)
        } else if let data {
            if encoding == .base64, let text = data.stringValue {
                event.data = try event.decoded(text)
            } else if let text = data.stringValue, let type = event.dataContentType, !Self.isJSON(mediaType: type) {
                event.data = .text(text)
            } else {
                event.data = .json(data)
            }
        }
        self = event
    }

    /// Reads one structured event from bytes.
    public init(structured bytes: [UInt8]) throws(CloudEventError) {
        try self.init(structured: try Self.parse(bytes))
    }

    /// Reads a JSON batch: an array of structured events.
    public static func batch(_ bytes: [UInt8]) throws(CloudEventError) -> [CloudEvent] {
        let json = try parse(bytes)
        guard json.kind == .array else {
            throw .wrongShape("a batch has to be a JSON array; this is a JSON \(json.kind.rawValue)")
        }
        var events: [CloudEvent] = []
        for element in json.elements { events.append(try CloudEvent(structured: element)) }
        return events
    }

    /// The event in the structured JSON form.
    public var structured: JSON { structured(as: .v1_0) }

    /// The event in the structured JSON form of a version. Extensions come sorted by name, so that equal events are
    /// equal bytes; those named like an attribute of an older version stay out of it.
    public func structured(as version: SpecVersion) -> JSON {
        var members: [(key: String, value: JSON?)] = [
            ("specversion", .string(version.rawValue)), ("id", .string(id)), ("source", .string(source)),
            ("type", .string(type)),
        ]
        if let subject { members.append(("subject", .string(subject))) }
        if let time { members.append(("time", .string(time.rfc3339))) }
        if let dataContentType { members.append((version.contentTypeName, .string(dataContentType))) }
        if let dataSchema { members.append((version.dataSchemaName, .string(dataSchema))) }
        let taken = version.ownNames
        for (name, value) in extensions.sorted(by: { $0.key < $1.key }) where !taken.contains(name) {
            members.append((name, value))
        }
        switch data {
        case .json(let value)?: members.append(("data", value))
        case .text(let text)?:
            // Without a type the string would be read back as JSON.
            if dataContentType == nil { members.append((version.contentTypeName, "text/plain")) }
            members.append(("data", .string(text)))
        case .binary(let bytes)?:
            if version == .v0_3 { members.append(("datacontentencoding", "base64")) }
            members.append((version == .v1_0 ? "data_base64" : "data", .string(Base64.encode(bytes))))
        case nil: break
        }
        return .object(members)
    }

    /// True when the structured form is valid and read back as an event that is equal to this one. Events for which it
    /// is false may have these properties all the same: read them back to know.
    public var isCanonical: Bool {
        let required = [id, source, type]
        let optional = [subject, dataContentType, dataSchema]
        guard !required.contains(""),
            time.map({ $0 == $0.wholeMilliseconds && Timestamp.readable.contains($0) }) ?? true,
            required.allSatisfy(Self.isClean),
            optional.allSatisfy({ $0.map(Self.isClean) ?? true }),
            extensions.allSatisfy({ !Self.memberNames.contains($0.key) && !$0.value.isNull })
        else { return false }
        switch data {
        case .json(let value)?:
            return !value.isNull && (value.kind != .string || Self.isJSON(mediaType: dataContentType ?? "a/json"))
        case .text?: return dataContentType.map { !Self.isJSON(mediaType: $0) } ?? false
        case .binary?, nil: return true
        }
    }

    /// What the members of the structured form are called that are no extensions.
    static let memberNames: Set<String> = [
        "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "contenttype", "dataschema",
        "data", "data_base64",
    ]

    /// The required attributes of CloudEvents 1.0.2 section 3.1.
    func checkRequired() throws(CloudEventError) {
        if id.isEmpty { throw .missing(attribute: "id") }
        if source.isEmpty { throw .missing(attribute: "source") }
        if type.isEmpty { throw .missing(attribute: "type") }
    }

    static func parse(_ bytes: [UInt8]) throws(CloudEventError) -> JSON {
        do { return try JSON(parsing: bytes) } catch { throw .notJSON(error) }
    }

    static func time(_ text: String) throws(CloudEventError) -> Timestamp {
        guard let time = Timestamp(rfc3339: text) else {
            throw .invalid(attribute: "time", value: text, expected: "an RFC 3339 time such as 2026-01-31T12:00:00Z")
        }
        return time
    }

    static func text(_ value: JSON, _ attribute: String) throws(CloudEventError) -> String {
        guard let text = value.stringValue else {
            throw .invalid(attribute: attribute, value: value.text, expected: "a string")
        }
        // data_base64 is no attribute and may have line breaks.
        return attribute == "data_base64" ? text : try checked(text, attribute)
    }

    /// Attributes are free of control characters (section 3.1 of the specification); this also keeps them from breaking
    /// header lines and event streams.
    static func checked(_ text: String, _ attribute: String) throws(CloudEventError) -> String {
        guard isClean(text) else {
            throw .invalid(
                attribute: attribute, value: JSON.string(text).text, expected: "a string without control characters")
        }
        return text
    }

    private static func isClean(_ text: String) -> Bool {
        func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }
        return text.utf8.withContiguousStorageIfAvailable { !$0.contains(where: isControl) }
            ?? !text.utf8.contains(where: isControl)
    }

    /// Whether data of this media type stands as JSON in the JSON format: `*/json` and `*/*+json`.
    static func isJSON(mediaType: String) -> Bool {
        let type = mediaType.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        return type.hasSuffix("/json") || type.hasSuffix("+json")
    }
}
