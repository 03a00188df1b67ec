/// One event as CloudEvents 1.0.2 describes it: required and optional attributes, extensions, and data that nobody
/// has decoded yet.
public struct CloudEvent: Sendable, Hashable {
    /// Together with `source` the identity of the event: the same pair is the same event, however often it arrives.
    public var id: String
    public var source: String
    public var type: String
    public var subject: String?
    public var time: Timestamp?
    public var dataContentType: String?
    public var dataSchema: String?
    /// Every other attribute by its name: text, whole numbers and booleans, and, for events that came as JSON,
    /// whatever else stood there.
    public var extensions: [String: JSON]
    public var data: Payload?

    /// What an event carries.
    public enum Payload: Sendable, Hashable {
        case json(JSON)
        case text(String)
        case binary([UInt8])
    }

    public init(
        id: String, source: String, type: String, subject: String? = nil, time: Timestamp? = nil,
        dataContentType: String? = nil, dataSchema: String? = nil, extensions: [String: JSON] = [:],
        data: Payload? = nil
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.subject = subject
        self.time = time
        self.dataContentType = dataContentType
        self.dataSchema = dataSchema
        self.extensions = extensions
        self.data = data
    }

    /// An extension as text; numbers and booleans in their own spelling, nil for everything else.
    public subscript(attribute: String) -> String? {
        get {
            guard let value = extensions[attribute] else { return nil }
            switch value.kind {
            case .string: return value.stringValue
            case .number, .boolean: return value.text
            case .object, .array, .null: return nil
            }
        }
        set { extensions[attribute] = newValue.map { .string($0) } }
    }

    /// The data where it is JSON.
    public var json: JSON? {
        if case .json(let value)? = data { value } else { nil }
    }
}

/// Why a message is no CloudEvent.
public enum CloudEventError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The body is not JSON although its content type says so.
    case notJSON(JSONError)
    /// The body is JSON, but of the wrong kind (an object or, for a batch, an array of objects is needed).
    case wrongShape(String)
    /// A required attribute is absent or empty.
    case missing(attribute: String)
    /// An attribute has a value that its type does not allow.
    case invalid(attribute: String, value: String, expected: String)
    /// The message has a content type that no CloudEvents mode uses, and no `ce-` headers either.
    case unsupportedContentType(String)

    public var description: String {
        switch self {
        case .notJSON(let error): "the body is not JSON: \(error)"
        case .wrongShape(let what): what
        case .missing(let attribute): "required attribute '\(attribute)' is missing or empty"
        case .invalid(let attribute, let value, let expected):
            "attribute '\(attribute)' has the value '\(value)'; \(expected) is needed"
        case .unsupportedContentType(let type):
            "content type '\(type)' is not supported; use application/cloudevents+json, "
                + "application/cloudevents-batch+json, or any type together with ce- headers"
        }
    }
}
