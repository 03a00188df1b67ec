/// A piece of code that does not belong on some floors, and why.
struct BannedWord: Sendable {
    let text: String
    let reason: String

    /// As a word of its own: `print(` is not found in `fingerprint(`, nor `Task {` in `-> Task {` or `Shipyard.Task {`.
    func occurs(in line: Substring) -> Bool {
        guard line.contains(text) else { return false }
        return line.ranges(of: text).contains { range in
            guard text.first?.isLetter == true, let before = line[..<range.lowerBound].last else { return true }
            if before.isLetter || before.isNumber || before == "_" { return false }
            if text == "Task {", line[..<range.lowerBound].hasSuffix("-> ") { return false }
            return before != "." || text.hasPrefix("Task.")
        }
    }
}

enum BannedWords {
    static func of(floor: Int) -> [BannedWord] {
        var words = everywhere
        if floor < 6 { words += belowPrograms }
        if floor <= 3 || floor == 5 { words += injected }
        if floor <= 1 { words.append(BannedWord(text: ".random(", reason: "cannot be repeated")) }
        return words
    }

    private static let everywhere = [
        BannedWord(text: "try!", reason: "stops the program"),
        BannedWord(text: "as!", reason: "stops the program"),
        BannedWord(text: "fatalError(", reason: "stops the program"),
        BannedWord(text: "preconditionFailure(", reason: "stops the program"),
        BannedWord(text: "Task {", reason: "belongs to nobody"),
        BannedWord(text: "Task.detached", reason: "belongs to nobody"),
        BannedWord(text: "@unchecked Sendable", reason: "is for wrappers of C handles"),
        BannedWord(text: "nonisolated(unsafe)", reason: "is a data race in waiting"),
    ]

    private static let belowPrograms = [
        BannedWord(text: "print(", reason: "is for programs; components log")
    ]

    /// What the ports bring in, so that tests and simulations own it.
    private static let injected = [
        BannedWord(text: "Date()", reason: "reads a clock: use TimeSource"),
        BannedWord(text: "Date.now", reason: "reads a clock: use TimeSource"),
        BannedWord(text: "ContinuousClock", reason: "reads a clock: use TimeSource"),
        BannedWord(text: "SuspendingClock", reason: "reads a clock: use TimeSource"),
        BannedWord(text: "Task.sleep", reason: "waits for a clock: use TimeSource"),
        BannedWord(text: "UUID()", reason: "draws an id: use IDSource"),
    ]
}

/// Where a rule does not hold, and why.
enum Exceptions {
    /// Files that need what only the whole of Foundation has.
    static let foundation: Set<String> = []

    /// Wrappers of C handles, whose own locks the compiler cannot see.
    private static let unchecked: Set<String> = []

    /// Where the ports are filled with the real clock.
    private static let clocks: Set<String> = ["Sources/Ports/SystemTime.swift"]

    static func allow(_ word: BannedWord, in path: String) -> Bool {
        word.text == "@unchecked Sendable" && unchecked.contains(path) || clocks.contains(path)
    }
}
