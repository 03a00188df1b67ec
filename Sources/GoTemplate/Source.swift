/// The text of a template, and where in it something stands.
struct Source: Sendable {
    let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    subscript(range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// What stands there, on one line and short enough for a message.
    func excerpt(_ range: Range<Int>) -> String {
        let text = String(self[range].map { $0.isNewline ? " " : $0 })
        return text.count <= 60 ? text : text.prefix(57) + "..."
    }

    /// A message that tells a long name or number is cut.
    func mistake(_ offset: Int, _ message: String) -> TemplateMistake {
        let before = bytes[..<offset]
        let line = before.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return TemplateMistake(
            line: line.count, column: 1 + String(decoding: line.last ?? [], as: UTF8.self).count,
            message: message.count <= 400 ? message : message.prefix(400) + "...")
    }
}
