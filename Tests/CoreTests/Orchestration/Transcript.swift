import CloudEvents
import Core
import KeptnModel

/// A story for the sequence machine and what came of it, as text.
///
/// The file begins with stages and their sequences:
///
///     stage dev
///       delivery: deployment {"deploymentstrategy":"direct"} -> test after 10m
///     stage staging
///       delivery on dev.delivery.finished: deployment
///       rollback on staging.delivery.finished test.result=fail: rollback
///
/// Then come commands, each at the beginning of a line; the lines below it that begin with four blanks are what
/// followed, and they alone are rewritten. `#` begins a remark. The commands:
///
///     trigger CONTEXT SEQUENCE [in STAGE] [for SERVICE] [as EVENT] [at TIME] [paused] [commit=ID] [{data}]
///     CONTEXT TASK started by SOURCE [in STAGE] [for SERVICE] [answering EVENT]
///     CONTEXT TASK finished by SOURCE [result=R] [status=S] [message="…"] [in …] [for …] [answering …] [{data}]
///     wait DURATION               time passes, with a stop wherever the machines want to be woken
///     pause|resume|abort CONTEXT [in STAGE]
///     close PROBLEM               a problem is over
///     deadlines [start=DURATION] [finish=DURATION] [approval=DURATION]
///     unusable MESSAGE            from here on the shipyard cannot be read
///     show                        everything that is open
struct Transcript {
    private enum Line {
        /// A remark, an empty line, the shipyard.
        case kept(String)
        case command(String)
    }

    private var lines: [Line] = []
    private var shipyard: Shipyard
    private let name: String

    init(parsing text: String, name: String) throws {
        self.name = name
        shipyard = Shipyard(version: "0.2.3", name: name, stages: [])
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            do {
                if line.hasPrefix("    ") { continue }
                if line.isEmpty || line.hasPrefix("#") {
                    lines.append(.kept(String(line)))
                } else if line.hasPrefix("stage ") {
                    shipyard.stages.append(.init(name: String(line.dropFirst("stage ".count)), sequences: []))
                    lines.append(.kept(String(line)))
                } else if line.hasPrefix("  "), let last = shipyard.stages.indices.last {
                    shipyard.stages[last].sequences.append(try Self.sequence(line.dropFirst(2)))
                    lines.append(.kept(String(line)))
                } else {
                    lines.append(.command(String(line)))
                }
            } catch let error as TranscriptError {
                throw error.at("\(name).txt:\(index + 1)")
            }
        }
    }

    /// The same text with what follows from the commands now.
    func played() throws -> String {
        var world = TranscriptWorld(shipyard: shipyard)
        var out: [String] = []
        for line in lines {
            switch line {
            case .kept(let text): out.append(text)
            case .command(let text):
                out.append(text)
                do {
                    out.append(contentsOf: try world.obey(Words(text)).map { "    " + $0 })
                } catch let error as TranscriptError {
                    throw error.at("\(name).txt: \(text)")
                }
            }
        }
        return out.joined(separator: "\n")
    }

    /// `NAME [on EVENT [KEY=VALUE …]] …: TASK -> TASK`
    private static func sequence(_ line: Substring) throws -> Shipyard.Sequence {
        guard let colon = line.firstRange(of: ": ") else { throw TranscriptError("no ': ' before the tasks") }
        var words = Words(String(line[..<colon.lowerBound]))
        var sequence = Shipyard.Sequence(name: try words.next("a sequence"), tasks: [])
        while words.take("on") {
            var trigger = Shipyard.Trigger(event: try words.next("an event"))
            while let pair = words.takePair() { trigger.match[pair.key] = pair.value }
            sequence.triggeredOn.append(trigger)
        }
        try words.end()
        sequence.tasks = try line[colon.upperBound...].split(separator: " -> ").map { text in
            var words = Words(String(text))
            var task = Shipyard.Task(name: try words.next("a task"))
            if words.take("after") { task.triggeredAfter = try words.duration() }
            task.properties = try words.takeJSON()
            try words.end()
            return task
        }
        return sequence
    }
}

/// What is wrong with a transcript's own text.
struct TranscriptError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }

    func at(_ place: String) -> TranscriptError { TranscriptError("\(place): \(description)") }
}

/// The rest of a line, taken word by word.
struct Words {
    private var rest: Substring

    init(_ line: String) { rest = Substring(line) }

    var isEmpty: Bool { rest.isEmpty }

    mutating func next(_ what: String) throws -> String {
        guard !rest.isEmpty else { throw TranscriptError("\(what) is missing") }
        let word = rest.prefix { $0 != " " }
        drop(word.count)
        return String(word)
    }

    /// The next word, if it is this one.
    mutating func take(_ word: String) -> Bool {
        guard rest.prefix(while: { $0 != " " }) == word else { return false }
        drop(word.count)
        return true
    }

    /// The word behind this one, if this one comes next.
    mutating func take(_ word: String, _ what: String) throws -> String? { take(word) ? try next(what) : nil }

    /// `key=value`; a value in quotation marks may have blanks.
    mutating func takePair() -> (key: String, value: String)? {
        guard !rest.hasPrefix("{"), let equals = rest.firstIndex(of: "="),
            !rest[..<equals].contains(" ")
        else { return nil }
        let key = String(rest[..<equals])
        let value = rest[rest.index(after: equals)...]
        if value.hasPrefix("\""), let end = value.dropFirst().firstIndex(of: "\"") {
            let text = value[value.index(after: value.startIndex)..<end]
            drop(key.count + 1 + text.count + 2)
            return (key, String(text))
        }
        let text = value.prefix { $0 != " " }
        drop(key.count + 1 + text.count)
        return (key, String(text))
    }

    mutating func takeJSON() throws -> JSON? {
        guard rest.hasPrefix("{") else { return nil }
        defer { rest = "" }
        return try JSON(parsing: String(rest))
    }

    mutating func duration() throws -> Duration {
        let word = try next("a duration")
        guard let duration = Duration(go: word) else { throw TranscriptError("'\(word)' is no duration") }
        return duration
    }

    mutating func all() -> String {
        defer { rest = "" }
        return String(rest)
    }

    func end() throws {
        guard rest.isEmpty else { throw TranscriptError("'\(rest)' is not understood") }
    }

    private mutating func drop(_ count: Int) {
        rest = rest.dropFirst(count).drop { $0 == " " }
    }
}
