import Glibc

/// A parser that sees foreign bytes, and what has to hold for every input.
struct FuzzTarget: Sendable {
    /// Also the name of its folder in `Fuzz/Seeds`.
    let name: String
    /// Returns for good and bad input alike; ends the process where a promise is broken.
    let read: @Sendable ([UInt8]) -> Void

    static let all = events + files + requests

    /// What the user asks for by `FUZZ_TARGET`; empty for nothing.
    static let chosenName = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""

    static let chosen: FuzzTarget = {
        guard let target = all.first(where: { $0.name == chosenName }) else {
            give(up: "there is no target '\(chosenName)', only \(all.map(\.name).joined(separator: ", "))")
        }
        return target
    }()
}

/// Ends the process, which libFuzzer takes for a find, when a promise is broken. (`precondition` would keep the
/// sentence to itself in an optimised build.)
func require(_ holds: Bool, _ sentence: @autoclosure () -> String) {
    if !holds { give(up: sentence()) }
}

private func give(up sentence: String) -> Never {
    var line = "\(sentence)\n"
    line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    abort()
}

extension [UInt8] {
    /// The text in front of the first line feed, and the bytes behind it: for parsers that take two things.
    var line: (first: String, rest: [UInt8]) {
        let first = prefix { $0 != UInt8(ascii: "\n") }
        return (String(decoding: first, as: UTF8.self), Array(dropFirst(first.count + 1)))
    }

    /// The documents between lines that say `---8<---` and nothing else.
    var documents: [[UInt8]] {
        var documents: [[UInt8]] = [[]]
        for line in split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if line.elementsEqual("---8<---".utf8) {
                documents.append([])
            } else {
                documents[documents.count - 1] += line + [UInt8(ascii: "\n")]
            }
        }
        return documents
    }
}
