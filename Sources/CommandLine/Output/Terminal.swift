import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where a command writes. Lines go out at once, also into a pipe.
struct Terminal: Sendable {
    /// Standard output is a screen: lines may be redrawn and coloured.
    let isInteractive: Bool
    let hasColour: Bool
    /// Only data and errors are wanted.
    let isQuiet: Bool
    /// Somebody watches standard error, where what goes on may be shown.
    let showsProgress: Bool

    init(isQuiet: Bool = false) {
        self.isQuiet = isQuiet
        let environment = ProcessInfo.processInfo.environment
        isInteractive = isatty(STDOUT_FILENO) == 1 && environment["TERM"] != "dumb"
        showsProgress = !isQuiet && isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb"
        hasColour = isInteractive && (environment["NO_COLOR"] ?? "").isEmpty
    }

    func line(_ text: String = "") { write(text + "\n", to: STDOUT_FILENO) }
    /// What only people want to know.
    func info(_ text: String) { if !isQuiet { line(text) } }
    func text(_ text: String) { write(text, to: STDOUT_FILENO) }
    func error(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// The next line that a person types, without blanks around it; nil at the end of the input. It blocks: nothing
    /// else happens in a command that asks.
    func answer() -> String? {
        readLine().map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
    }

    /// Draws lines over those of the last call, which were `previous` in number.
    func redraw(_ lines: [String], over previous: Int) {
        var out = previous > 0 ? "\u{1B}[\(previous)F" : ""
        for line in lines { out += "\u{1B}[2K\(line)\n" }
        if previous > lines.count {
            for _ in lines.count..<previous { out += "\u{1B}[2K\n" }
            out += "\u{1B}[\(previous - lines.count)F"
        }
        write(out, to: STDOUT_FILENO)
    }

    /// Draws a line over the last one of its kind; nil clears it. Nothing where nobody watches.
    func progress(_ text: String?) {
        if showsProgress { write("\r\u{1B}[2K\(text ?? "")", to: STDERR_FILENO) }
    }

    private func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR || errno == EAGAIN else { return }
            bytes = bytes.dropFirst(max(count, 0))
        }
    }
}

/// The colours of states, next to the word that says the same.
enum Paint: String {
    case good = "32"
    case doubtful = "33"
    case bad = "31"
    case busy = "36"
    case quiet = "2"
    case strong = "1"

    func callAsFunction(_ text: String, _ terminal: Terminal) -> String {
        terminal.hasColour ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
    }

    /// The colour of one of Keptn's results, statuses or states.
    static func of(_ word: String) -> Paint {
        switch word {
        case "pass", "succeeded", "finished", "ok": .good
        case "warning", "waitingForApproval", "paused", "waiting": .doubtful
        case "fail", "errored", "aborted", "timedOut", "failed": .bad
        default: .busy
        }
    }
}
