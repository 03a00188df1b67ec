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
        var evaluator = Evaluator(self, missingKey: missingKey)
        return try evaluator.render(Value(data))
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
