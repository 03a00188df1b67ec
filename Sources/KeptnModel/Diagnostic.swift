/// One mistake (or doubtful spot) in a file of the user's: where it is, what stands there and what would be right.
public struct Diagnostic: Sendable, Hashable, Error, CustomStringConvertible {
    public enum Severity: String, Sendable, Codable { case error, warning }

    public var file: String
    /// Counted from 1; 0 when the whole file is meant.
    public var line: Int
    /// Counted from 1.
    public var column: Int
    public var severity: Severity
    /// The dotted path of the place in the document, such as `spec.stages[0].name`.
    public var path: String
    /// One sentence with the offending value and what would be right.
    public var message: String

    public init(
        file: String, line: Int, column: Int, severity: Severity = .error, path: String = "", message: String
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.severity = severity
        self.path = path
        self.message = message
    }

    /// `shipyard.yaml:7:13: error: …`
    public var description: String { "\(file):\(line):\(column): \(severity.rawValue): \(message)" }
}

/// A file that cannot be used, with every mistake found in it.
public struct InvalidFile: Error, Sendable, Hashable, CustomStringConvertible {
    public var diagnostics: [Diagnostic]

    public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
