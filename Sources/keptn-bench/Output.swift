import CloudEvents
import Glibc

/// Standard output, at once.
enum Output {
    static func line(_ text: String) { write(text + "\n", STDOUT_FILENO) }
    static func note(_ text: String) { write(text + "\n", STDERR_FILENO) }

    private static func write(_ text: String, _ descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }

    /// A report as JSON, or as one line a figure.
    static func report(_ report: JSON, asJSON: Bool) {
        guard !asJSON else { return line(report.text) }
        for (name, value) in report.members { line("\(name): \(value.text)") }
    }
}
