import Ports

/// What a client asks for when it pushes (gitprotocol-pack(5)): a section of commands, with what the client understands
/// behind the first one. The pack follows.
struct PushRequest: Sendable, Hashable {
    struct Command: Sendable, Hashable {
        var old: String
        var new: String
        var reference: String

        /// Nil when it is about something else than a branch.
        var branch: String? {
            let prefix = "refs/heads/"
            return reference.hasPrefix(prefix) ? String(reference.dropFirst(prefix.count)) : nil
        }

        var isDeletion: Bool { new == PushRequest.nothing }
        var isCreation: Bool { old == PushRequest.nothing }
    }

    /// Git's way to say that a reference is not there.
    static let nothing = String(repeating: "0", count: 40)
    private static let commandsMax = 100

    var commands: [Command] = []
    var capabilities: Set<String> = []

    /// `shallow` lines are passed over: whether anything is missing is checked with what came.
    init(_ lines: [ArraySlice<UInt8>]) throws(KeptnError) {
        for line in lines {
            let parts = line.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
            guard let command = String(validating: parts[0], as: UTF8.self) else {
                throw PacketLine.malformed("a reference is not UTF-8")
            }
            if command.hasPrefix("shallow ") { continue }
            if commands.isEmpty, parts.count == 2 {
                capabilities = Set(
                    String(decoding: parts[1], as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init))
            }
            commands.append(try Self.command(command))
        }
        guard commands.count <= Self.commandsMax else {
            throw KeptnError(
                .invalidInput, "\(commands.count) references are pushed at once; at most \(Self.commandsMax) can be")
        }
    }

    private static func command(_ line: String) throws(KeptnError) -> Command {
        let words = (line.hasSuffix("\n") ? line.dropLast() : line[...])
            .split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard words.count == 3, words.prefix(2).allSatisfy(isID) else {
            throw PacketLine.malformed("'\(line.prefix(200))' is no command")
        }
        return Command(old: words[0], new: words[1], reference: words[2])
    }

    private static func isID(_ word: String) -> Bool {
        word.utf8.count == nothing.utf8.count && word.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    }
}
