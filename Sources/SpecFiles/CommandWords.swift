/// The words of a command line, as a shell would cut it: quotes, backslashes, no expansions. What stands between `{{`
/// and `}}` belongs to one word, whatever it is.
struct CommandWords {
    struct Mistake: Error {
        let message: String
    }

    /// What would mean something to a shell; there is none, so nobody may rely on it (K §2.11).
    private static let denied = ["$(", "`", "|", ";", ">", "$", "&&", " &", "/var/run"]

    private(set) var words: [String] = []
    private var word: String?
    /// The command without its actions.
    private var plain = ""
    private var rest: Substring

    /// Throws for an open quote or action, and for what means something to a shell.
    static func of(_ command: String) throws(Mistake) -> [String] {
        var reader = CommandWords(rest: command[...])
        try reader.read()
        if let sign = denied.first(where: { reader.plain.contains($0) }) {
            throw Mistake(message: "the command cannot have '\(sign)': no shell runs it")
        }
        return reader.words
    }

    private init(rest: Substring) { self.rest = rest }

    private mutating func read() throws(Mistake) {
        while let character = rest.first {
            if try takeAction() { continue }
            take()
            switch character {
            case "\"", "'": try readQuoted(character)
            case "\\": readEscaped()
            case _ where character.isWhitespace: endWord()
            default: add(character)
            }
        }
        endWord()
    }

    private mutating func readQuoted(_ quote: Character) throws(Mistake) {
        word = word ?? ""
        while let character = rest.first {
            if try takeAction() { continue }
            take()
            if character == quote { return }
            let next = rest.first
            if character == "\\", quote == "\"", let next, next == "\"" || next == "\\" {
                take()
                add(next)
            } else {
                add(character)
            }
        }
        throw Mistake(message: "the command has a quote \(quote) that is not closed")
    }

    /// The character behind a backslash; a line's end goes away with it.
    private mutating func readEscaped() {
        guard let character = rest.first else { return }
        take()
        if !character.isNewline { add(character) }
    }

    /// Takes `{{ … }}` as it is; the end is not looked for in the quotes of the template.
    private mutating func takeAction() throws(Mistake) -> Bool {
        guard rest.hasPrefix("{{") else { return false }
        var quote: Character?
        var action = ""
        while !rest.isEmpty, quote != nil || !rest.hasPrefix("}}") {
            let character = rest.removeFirst()
            action.append(character)
            if character == "\\", quote == "\"" || quote == "'", let next = rest.popFirst() {
                action.append(next)
            } else if quote == character {
                quote = nil
            } else if quote == nil, "\"'`".contains(character) {
                quote = character
            }
        }
        guard !rest.isEmpty else { throw Mistake(message: "the command has '{{' that is never closed with '}}'") }
        rest.removeFirst(2)
        word = (word ?? "") + action + "}}"
        return true
    }

    private mutating func take() { plain.append(rest.removeFirst()) }

    private mutating func add(_ character: Character) { word = (word ?? "") + String(character) }

    private mutating func endWord() {
        if let word { words.append(word) }
        word = nil
    }
}
