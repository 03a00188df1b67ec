import CloudEvents
import KeptnModel

/// A place in a file that is being read: a node, its path, and where its mistakes go.
///
/// The reading functions never fail: they note the mistake and return an empty value, so that all mistakes of a file
/// are found in one go. Whoever starts the reading looks at `Findings.hasErrors` in the end.
struct Place {
    let node: YAMLNode
    /// Such as `spec.stages[0].name`; empty for the whole file.
    let path: String
    /// The last part of the path.
    private let key: String
    let findings: Findings

    init(root: YAMLNode, findings: Findings) {
        self.init(node: root, path: "", key: "", findings: findings)
    }

    private init(node: YAMLNode, path: String, key: String, findings: Findings) {
        self.node = node
        self.path = path
        self.key = key
        self.findings = findings
    }

    func member(_ pair: YAMLNode.Pair) -> Place {
        Place(node: pair.value, path: path(to: pair.key), key: pair.key, findings: findings)
    }

    func element(_ index: Int, _ node: YAMLNode) -> Place {
        Place(node: node, path: "\(path)[\(index)]", key: "\(key)[\(index)]", findings: findings)
    }

    private func path(to key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// As messages call this place.
    var name: String { key.isEmpty ? "the file" : "'\(shortened(key))'" }

    func error(_ message: String) { note(.error, message) }
    func warning(_ message: String) { note(.warning, message) }

    private func note(_ severity: Diagnostic.Severity, _ message: String) {
        findings.add(
            Diagnostic(
                file: findings.file, line: node.line, column: node.column, severity: severity, path: path,
                message: message))
    }

    /// Notes that something else was needed here.
    func mismatch(_ needed: String) { error("\(name) needs \(needed), found \(node.found)") }
}

// MARK: - Collections

extension Place {
    /// The members of a mapping. Keys that are not among the known ones become warnings, as Keptn ignores them.
    /// `isKnown` lets more keys pass than the list can name.
    func fields(_ known: [String], orWhere isKnown: (String) -> Bool = { _ in false }) -> Fields {
        guard case .mapping(let pairs) = node.content else {
            mismatch("a mapping with \(known.joined(separator: ", "))")
            return Fields(place: self, members: nil)
        }
        var kept: [YAMLNode.Pair] = []
        for pair in pairs {
            guard !known.contains(pair.key), !isKnown(pair.key) else {
                kept.append(pair)
                continue
            }
            let guess = didYouMean(pair.key, among: known)
            let advice = guess.isEmpty ? "; known here: \(known.joined(separator: ", "))" : guess
            findings.add(
                Diagnostic(
                    file: findings.file, line: pair.line, column: pair.column, severity: .warning,
                    path: path(to: pair.key), message: "unknown key '\(shortened(pair.key))'\(advice)"))
        }
        return Fields(place: self, members: members(kept))
    }

    /// The entries of a list, without empty ones.
    func elements() -> [Place] {
        guard case .sequence(let nodes) = node.content else {
            mismatch("a list")
            return []
        }
        return nodes.enumerated().filter { !$0.element.isNull }
            .map { element($0.offset, $0.element) }
    }

    /// The entries of a list, or the one value that stands in its place.
    func oneOrMore() -> [Place] {
        if case .sequence = node.content { elements() } else { [self] }
    }

    /// A mapping of text to text, in the file's order.
    func textPairs() -> [(key: String, value: String)] {
        namedMembers().map { ($0.key, $0.value.node.isNull ? "" : $0.value.text()) }
    }

    /// The members of a mapping whose keys are names of the user's, in the file's order.
    func namedMembers() -> [(key: String, value: Place)] {
        guard case .mapping(let pairs) = node.content else {
            mismatch("a mapping of names to values")
            return []
        }
        return members(pairs)
    }

    func textMap() -> [String: String] {
        Dictionary(textPairs().map { ($0.key, $0.value) }) { first, _ in first }
    }

    private func members(_ pairs: [YAMLNode.Pair]) -> [(key: String, value: Place)] {
        pairs.map { ($0.key, member($0)) }
    }
}

/// The members of one mapping.
struct Fields {
    let place: Place
    /// Nil when there is no mapping here, which has been noted already.
    fileprivate let members: [(key: String, value: Place)]?

    var isMapping: Bool { members != nil }

    /// All known members that are not empty, in the file's order.
    var known: [(key: String, value: Place)] { (members ?? []).filter { !$0.value.node.isNull } }

    /// Nil when the member is absent or empty.
    subscript(key: String) -> Place? {
        members?.first { $0.key == key && !$0.value.node.isNull }?.value
    }

    /// A member that has to be there.
    func required(_ key: String) -> Place? {
        if let member = self[key] { return member }
        if members != nil { place.error("\(place.name) has no '\(key)'") }
        return nil
    }
}

// MARK: - Scalars

extension Place {
    /// Any scalar as it is written; numbers and booleans need no quotes.
    func text() -> String {
        guard case .scalar(let text, _) = node.content else {
            mismatch("text")
            return ""
        }
        return text
    }

    /// A whole number in these limits. Decimals are cut where Keptn's parser cuts them.
    func integer(in limits: ClosedRange<Int>? = nil, cuttingDecimals: Bool = false) -> Int {
        let needed = limits.map { "a whole number from \($0.lowerBound) to \($0.upperBound)" } ?? "a whole number"
        let value: Int? =
            switch node.scalar {
            case .int(let value)?: value
            case .float(let value)? where cuttingDecimals: Int(exactly: value.rounded(.towardZero))
            default: nil
            }
        guard let value, limits?.contains(value) ?? true else {
            mismatch(needed)
            return limits?.lowerBound ?? 0
        }
        return value
    }

    func number(in limits: ClosedRange<Double>) -> Double {
        let value: Double? =
            switch node.scalar {
            case .int(let value)?: Double(value)
            case .float(let value)?: value
            default: nil
            }
        guard let value, limits.contains(value) else {
            mismatch("a number from \(limits.lowerBound) to \(limits.upperBound)")
            return limits.lowerBound
        }
        return value
    }

    /// `true` or `false`, and the words of YAML 1.1 that Keptn's parser takes for a boolean field.
    func boolean() -> Bool {
        if case .bool(let value)? = node.scalar { return value }
        if case .scalar(let word, quoted: false) = node.content {
            if ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"].contains(word) { return true }
            if ["n", "N", "no", "No", "NO", "off", "Off", "OFF"].contains(word) { return false }
        }
        mismatch("true or false")
        return false
    }

    /// A Go duration such as `1h30m`.
    func duration() -> Duration {
        guard case .scalar(let text, _) = node.content, let value = Duration(go: text) else {
            mismatch("a duration such as 30s, 10m or 1h30m")
            return .zero
        }
        return value
    }

    /// A Go duration that is longer than nothing.
    func positiveDuration() -> Duration {
        let value = duration()
        if value <= .zero, node.scalar != nil, Duration(go: text()) != nil { mismatch("a duration above zero") }
        return value
    }

    /// A word of a closed set; another one is only a warning, as it may mean something to somebody.
    func expectWord(_ words: [String], ignoringCase: Bool = false) {
        guard case .scalar(let text, _) = node.content else {
            return warning("\(name) needs one of \(words.joined(separator: ", ")), found \(node.found)")
        }
        guard !words.contains(ignoringCase ? text.lowercased() : text) else { return }
        let guess = didYouMean(text, among: words)
        let advice = guess.isEmpty ? "; known are \(words.joined(separator: ", "))" : guess
        warning("\(name) has the unknown value '\(shortened(text))'\(advice)")
    }
}
