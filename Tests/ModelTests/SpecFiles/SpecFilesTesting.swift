import KeptnModel
import SpecFiles
import Testing

/// Lines of text as a file's bytes.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A file with what reading it says, one diagnostic a line.
struct SpecCase: Sendable, CustomTestStringConvertible {
    var title: String
    var text: String
    var diagnostics: [String]

    init(_ title: String, _ text: String, _ diagnostics: String...) {
        self.title = title
        self.text = text
        self.diagnostics = diagnostics
    }

    var testDescription: String { title }
}

/// The diagnostics of reading a file `s.yaml`, whether it is usable or not.
func diagnostics<Value>(
    _ text: String, _ read: ([UInt8], String) throws(InvalidFile) -> Parsed<Value>
) -> [String] {
    do {
        return try read(bytes(text), "s.yaml").warnings.map(\.description)
    } catch {
        return error.diagnostics.map(\.description)
    }
}
