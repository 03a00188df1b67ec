/// The older versions of the specification that Keptn 0.5 to 0.7 used (CloudEvents 0.2 and 0.3): read into the same
/// event as 1.0, and written again on request.
extension CloudEvent {
    /// A version of the CloudEvents specification.
    public enum SpecVersion: String, Sendable, CaseIterable {
        case v1_0 = "1.0"
        case v0_3 = "0.3"
        case v0_2 = "0.2"

        var contentTypeName: String { self == .v0_2 ? "contenttype" : "datacontenttype" }
        var dataSchemaName: String { self == .v1_0 ? "dataschema" : "schemaurl" }

        /// What this version has as attributes of its own and 1.0 takes for extensions.
        var ownNames: Set<String> {
            switch self {
            case .v1_0: []
            case .v0_3: ["schemaurl", "datacontentencoding"]
            case .v0_2: ["schemaurl", "extensions"]
            }
        }

        init(attribute text: String?) throws(CloudEventError) {
            guard let text, !text.isEmpty else { throw .missing(attribute: "specversion") }
            guard let version = SpecVersion(rawValue: text) else {
                let accepted = Self.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
                throw .invalid(attribute: "specversion", value: text, expected: accepted)
            }
            self = version
        }
    }

    /// The event in structured mode, in the words of a version.
    public func structuredMessage(as version: SpecVersion) -> HTTPMessage {
        HTTPMessage(contentType: Self.structuredContentType, body: Array(structured(as: version).bytes))
    }

    /// Makes attributes of what an older version's attributes were read as, extensions, and returns how its data is
    /// encoded.
    mutating func adoptAttributes(of version: SpecVersion) throws(CloudEventError) -> DataEncoding {
        guard version != .v1_0 else { return .plain }
        let own = version.ownNames
        let found = extensions.filter { own.contains($0.key) }
        for name in found.keys { extensions[name] = nil }
        if let schema = found["schemaurl"], dataSchema == nil { dataSchema = try Self.text(schema, "schemaurl") }
        for (name, value) in found["extensions"]?.members ?? []
        where extensions[name] == nil && !value.isNull && !Self.memberNames.contains(name) {
            extensions[name] = value
        }
        guard let encoding = found["datacontentencoding"] else { return .plain }
        let name = try Self.text(encoding, "datacontentencoding")
        guard name.lowercased() == "base64" else {
            throw .invalid(attribute: "datacontentencoding", value: name, expected: "\"base64\" or no such attribute")
        }
        return .base64
    }

    /// How the data of a 0.3 event is written (`datacontentencoding`).
    enum DataEncoding {
        case plain, base64
    }

    /// What Base64 text of an older version holds: JSON where the content type says so, else bytes.
    func decoded(_ text: String) throws(CloudEventError) -> Payload {
        guard let bytes = Base64.decode(text) else {
            throw .invalid(attribute: "data", value: String(text.prefix(40)), expected: "Base64")
        }
        guard let type = dataContentType, Self.isJSON(mediaType: type) else { return .binary(bytes) }
        return .json(try Self.parse(bytes))
    }
}
