import FoundationEssentials
import Ports
import SystemPackage

/// What an integration was handed, line by line in a file, which outlives a `kill -9` of who writes it.
struct Journal: Sendable {
    /// One line.
    struct Entry: Sendable, Hashable {
        enum Kind: String, Sendable { case handed, done }

        var kind: Kind
        /// Of the event in the log; 0 where the way does not tell it.
        var position: Int64
        /// The event's id.
        var id: String
        /// It came with the mark of what may have come before.
        var isRepeated = false

        fileprivate var line: String { "\(kind.rawValue) \(position) \(id) \(isRepeated)\n" }

        fileprivate init?(_ line: Substring) {
            let words = line.split(separator: " ")
            guard words.count == 4, let kind = Kind(rawValue: String(words[0])), let position = Int64(words[1]) else {
                return nil
            }
            self.init(kind: kind, position: position, id: String(words[2]), isRepeated: words[3] == "true")
        }

        init(kind: Kind, position: Int64, id: String, isRepeated: Bool = false) {
            (self.kind, self.position, self.id, self.isRepeated) = (kind, position, id, isRepeated)
        }
    }

    private let file: FileDescriptor

    /// Goes on behind what an earlier life wrote.
    init(_ path: String) throws {
        file = try FileDescriptor.open(
            FilePath(path), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
    }

    /// One write a line: a kill leaves it whole or not at all.
    func note(_ entry: Entry) throws { _ = try file.writeAll(entry.line.utf8) }

    /// What is there so far; nothing where there is no such file.
    static func entries(_ path: String) -> [Entry] {
        let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").compactMap { Entry($0) }
    }

    /// What was handed out twice and should not have been, or not without the mark.
    static func complaints(_ entries: [Entry], way: VictimCommand.Way) -> [String] {
        var (handed, done): (Set<String>, Set<String>) = ([], [])
        var complaints: [String] = []
        for entry in entries {
            switch entry.kind {
            case .done: done.insert(entry.id)
            case .handed where way == .stream:
                // A stream goes on where its client says: behind what was done.
                if done.contains(entry.id) { complaints.append("stream: \(entry.id) was told again after it was done") }
            case .handed:
                if !handed.insert(entry.id).inserted, !entry.isRepeated {
                    complaints.append(
                        "\(way.rawValue): \(entry.id) was handed out twice, the second time without a mark")
                }
            }
        }
        return complaints
    }
}
