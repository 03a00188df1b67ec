import KeptnModel

/// Collects what is wrong with one file.
final class Findings {
    /// More are not collected: nobody reads them.
    static let countMax = 100

    let file: String
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var hasErrors = false

    init(file: String) { self.file = file }

    func add(_ diagnostic: Diagnostic) {
        if diagnostic.severity == .error { hasErrors = true }
        // One error always gets in, however many warnings came before.
        if diagnostics.count < Self.countMax || (diagnostic.severity == .error && diagnostics.count == Self.countMax) {
            diagnostics.append(diagnostic)
        }
    }

    /// In the order of the file.
    var sorted: [Diagnostic] {
        diagnostics.enumerated()
            .sorted {
                ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
            }
            .map(\.element)
    }
}

/// `; did you mean 'x'?` with the known word that somebody may have meant: one with another case, or at most two typing
/// mistakes away. Empty when there is none.
package func didYouMean(_ word: String, among known: [String]) -> String {
    // A long list of names is the user's own; comparing with all of them each time would take quadratic time.
    guard word.utf8.count <= 64, known.count <= 64 else { return "" }
    let lower = Array(word.lowercased().utf8)
    return known.map { (word: $0, distance: typingMistakes(lower, Array($0.lowercased().utf8))) }
        .filter { $0.distance <= 2 && $0.distance * 2 < max(lower.count, $0.word.utf8.count) }
        .min { $0.distance < $1.distance }
        .map { "; did you mean '\($0.word)'?" } ?? ""
}

/// Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment distance).
private func typingMistakes(_ left: [UInt8], _ right: [UInt8]) -> Int {
    guard abs(left.count - right.count) <= 2 else { return .max / 2 }
    var older: [Int] = []
    var previous = Array(0...right.count)
    for row in 0..<left.count {
        var current = [row + 1]
        for column in 0..<right.count {
            var best = min(
                previous[column + 1] + 1, current[column] + 1, previous[column] + (left[row] == right[column] ? 0 : 1))
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                best = min(best, older[column - 1] + 1)
            }
            current.append(best)
        }
        (older, previous) = (previous, current)
    }
    return previous[right.count]
}
