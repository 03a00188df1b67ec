/// A Keptn event type (spec 0.2.4): `sh.keptn.event.TASK.KIND` or `sh.keptn.event.STAGE.SEQUENCE.KIND`.
///
/// `status.changed` is one kind of two words here. Keptn 1.4.5 splits at every dot and so takes
/// `sh.keptn.event.TASK.status.changed` for a sequence event; nothing depended on it.
public enum EventType: Sendable, Hashable {
    case task(name: String, kind: Kind)
    case sequence(stage: String, name: String, kind: Kind)

    public enum Kind: String, Sendable, CaseIterable, Codable {
        case triggered, started, finished, invalidated
        case statusChanged = "status.changed"
    }

    public static let prefix = "sh.keptn.event."

    /// Nil for everything that is neither a task event nor a sequence event.
    public init?(_ text: String) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        var rest = text.utf8.dropFirst(Self.prefix.utf8.count)
        let kind: Kind
        if let known = Self.suffixes.first(where: { Self.has(rest, suffix: $0.bytes) }) {
            kind = known.kind
            rest = rest.dropLast(known.bytes.count)
        } else {
            return nil
        }
        guard let dot = rest.firstIndex(of: UInt8(ascii: ".")) else {
            guard !rest.isEmpty else { return nil }
            self = .task(name: String(Substring(rest)), kind: kind)
            return
        }
        let name = rest[rest.index(after: dot)...]
        guard dot > rest.startIndex, !name.isEmpty, !name.contains(UInt8(ascii: ".")) else { return nil }
        self = .sequence(stage: String(Substring(rest[..<dot])), name: String(Substring(name)), kind: kind)
    }

    public var kind: Kind {
        switch self {
        case .task(_, let kind), .sequence(_, _, let kind): kind
        }
    }

    public var text: String {
        switch self {
        case .task(let name, let kind): "\(Self.prefix)\(name).\(kind.rawValue)"
        case .sequence(let stage, let name, let kind): "\(Self.prefix)\(stage).\(name).\(kind.rawValue)"
        }
    }

    private static let suffixes = Kind.allCases.map { (kind: $0, bytes: Array(".\($0.rawValue)".utf8)) }

    private static func has(_ text: Substring.UTF8View, suffix: [UInt8]) -> Bool {
        text.count > suffix.count && text.suffix(suffix.count).elementsEqual(suffix)
    }
}

extension EventType: CustomStringConvertible {
    public var description: String { text }
}
