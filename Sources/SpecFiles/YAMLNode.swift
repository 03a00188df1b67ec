/// One node of a YAML document, with the place where it stands. Aliases are resolved: the node they stand for appears
/// again, with its own place.
struct YAMLNode {
    var content: Content
    /// Counted from 1.
    var line: Int
    /// Counted from 1, in Unicode scalars.
    var column: Int
    /// How many nodes a walk over this one meets, aliases expanded.
    var size = 1

    enum Content {
        /// `quoted` also for block scalars and the tags `!!str` and `!`: such a scalar is a string whatever it says.
        case scalar(String, quoted: Bool)
        case sequence([YAMLNode])
        case mapping([Pair])
    }

    /// One member of a mapping; keys are always scalars.
    struct Pair {
        var key: String
        var line: Int
        var column: Int
        var value: YAMLNode
    }

    var scalar: YAMLScalar? {
        if case .scalar(let text, let quoted) = content { YAMLScalar(text, quoted: quoted) } else { nil }
    }

    var isNull: Bool { scalar == .null }

    /// What stands here, for a message.
    var found: String {
        switch content {
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .scalar(let text, quoted: false): isNull ? "nothing" : "'\(shortened(text))'"
        case .scalar(let text, quoted: true): "the text \"\(shortened(text))\""
        }
    }
}

/// What a scalar means by the core schema of YAML 1.2 (section 10.3.2).
enum YAMLScalar: Equatable {
    case null
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)

    init(_ text: String, quoted: Bool) {
        guard !quoted else {
            self = .string(text)
            return
        }
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE": self = .bool(true)
        case "false", "False", "FALSE": self = .bool(false)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": self = .float(.infinity)
        case "-.inf", "-.Inf", "-.INF": self = .float(-.infinity)
        case ".nan", ".NaN", ".NAN": self = .float(.nan)
        default: self = Self.number(text) ?? .string(text)
        }
    }

    private static func number(_ text: String) -> YAMLScalar? {
        if text.hasPrefix("0x") { return digits(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0o") { return digits(text.dropFirst(2), radix: 8) }
        guard hasNumberShape(text) else { return nil }
        if let value = Int(text) { return .int(value) }
        return Double(text).map { .float($0) }
    }

    private static func digits(_ text: Substring, radix: Int) -> YAMLScalar? {
        guard let first = text.first, first != "+", first != "-" else { return nil }
        return Int(text, radix: radix).map { .int($0) }
    }

    /// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
    private static func hasNumberShape(_ text: String) -> Bool {
        var rest = text.utf8[...]
        func skip(_ allowed: String) -> Bool {
            guard let first = rest.first, allowed.utf8.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        func digits() -> Int {
            let run = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest.dropFirst(run.count)
            return run.count
        }
        _ = skip("+-")
        var count = digits()
        if skip(".") { count += digits() }
        guard count > 0 else { return false }
        if skip("eE") {
            _ = skip("+-")
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}

/// A value as a message shows it: on one line and not too long.
func shortened(_ text: String) -> String {
    let line = text.prefix { $0 != "\n" && $0 != "\r" && $0 != "\r\n" }
    return line.count > 60 || line.endIndex != text.endIndex ? "\(line.prefix(60))…" : text
}
