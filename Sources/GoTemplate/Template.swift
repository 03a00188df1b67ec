package import CloudEvents

/// A template in the language of Go's package `text/template` (that of Go 1.24), filled in with JSON.
///
/// What differs: text is always UTF-8 (half a character becomes U+FFFD), complex numbers and `printf` verbs for the
/// bits of a float are refused, and a template that would run too long ends with a mistake.
package struct Template: Sendable {
    /// What a field that an object does not have is worth (Go's option `missingkey`).
    package enum MissingKey: String, Sendable, CaseIterable {
        /// Nothing, and so are its fields; printed as `<no value>`.
        case `default`
        /// The zero value, which for JSON is null.
        case zero
        /// A mistake.
        case error
    }

    /// What opens and closes an action.
    package struct Delimiters: Sendable, Hashable {
        package let open: String
        package let close: String

        package init(open: String, close: String) {
            self.open = open
            self.close = close
        }

        package static let braces = Delimiters(open: "{{", close: "}}")
    }

    /// The most bytes of a template's text.
    package static let textBytesMax = 1 << 20

    let source: Source
    let body: [Node]
    /// What `define` and `block` name.
    let named: [String: [Node]]

    /// Throws `TemplateMistake` for the first place that is no template.
    package init(_ text: String, delimiters: Delimiters = .braces) throws(TemplateMistake) {
        source = Source(text)
        guard source.bytes.count <= Self.textBytesMax else {
            throw source.mistake(
                0, "the template has \(source.bytes.count) bytes; at most \(Self.textBytesMax) are read")
        }
        var parser = Parser(source, delimiters: delimiters)
        body = try parser.template()
        named = parser.named
    }

    /// The text with every action replaced by what it says about the data.
    package func rendered(
        with data: JSON, missingKey: MissingKey = .error
    ) throws(TemplateMistake) -> String {
        var budget = Budget()
        return try rendered(with: Values(data), missingKey: missingKey, within: &budget)
    }

    /// The same for data that several templates see, which share what they may use up.
    package func rendered(
        with data: Values, missingKey: MissingKey = .error, within budget: inout Budget
    ) throws(TemplateMistake) -> String {
        var evaluator = Evaluator(self, missingKey: missingKey, budget: budget)
        defer { budget = evaluator.budget }
        return try evaluator.render(data.root)
    }
}

extension Template {
    /// JSON made ready to be looked into, once for however many templates.
    package struct Values: Sendable {
        let root: Value

        package init(_ json: JSON) { root = Value(json) }

        /// An object.
        package init(members: [String: Values]) {
            root = .object(
                Value.Members(
                    entries: members.sorted { $0.key.precedes($1.key) }.map { (key: $0.key, value: $0.value.root) }))
        }
    }

    /// What may be used up while templates are filled in.
    package struct Budget: Sendable {
        /// Operands, rounds of ranges and calls of templates; text that a function has to read counts too.
        static let stepsMax = 1_000_000
        /// What is written, and what functions make on the way.
        static let textBytesMax = 4 << 20

        private(set) var steps = stepsMax
        private(set) var textBytes = textBytesMax

        package init() {}

        /// Whether more was asked for than there was.
        package var isExceeded: Bool { steps < 0 || textBytes < 0 }

        mutating func spend(steps count: Int) { steps -= count }

        /// For text that comes to the templates' own from elsewhere.
        package mutating func spend(textBytes count: Int) { textBytes -= count }
    }
}

/// What is wrong with a template, or came up while it was filled in.
package struct TemplateMistake: Error, Sendable, Hashable, CustomStringConvertible {
    /// Counted from 1.
    package let line: Int
    /// Counted in characters from 1.
    package let column: Int
    /// One sentence.
    package let message: String

    package var description: String { "line \(line), column \(column): \(message)" }
}
