/// Whether a push is taken: as a whole or not at all, so that a shipyard never comes without the files it goes with.
struct PushJudgement: Sendable {
    /// More are not shown.
    private static let messagesMax = 100

    let commands: [PushRequest.Command]
    private var refusals: [String: String] = [:]
    private var messages: [String] = []
    private var mistakes: [String: Int] = [:]
    private var failure: String?

    init(_ commands: [PushRequest.Command]) { self.commands = commands }

    var isAccepted: Bool { refusals.isEmpty && mistakes.isEmpty && failure == nil }

    /// What can be said before the commits are there.
    mutating func judgeReferences(branches: [String]) {
        for command in commands {
            let known = branches.joined(separator: ", ")
            if command.branch == nil {
                refuse(command, "only branches can be pushed here")
            } else if command.isDeletion {
                refuse(command, "a branch goes only with its project")
            } else if let branch = command.branch, command.isCreation || !branches.contains(branch) {
                refuse(command, "there is no stage '\(branch)'; the branches are \(known)")
            } else if commands.count(where: { $0.reference == command.reference }) > 1 {
                refuse(command, "it is pushed twice at once")
            }
        }
    }

    mutating func refuse(_ command: PushRequest.Command, _ reason: String) { refusals[command.reference] = reason }

    /// A mistake in what a command brings.
    mutating func note(_ mistake: String, _ command: PushRequest.Command) {
        mistakes[command.reference, default: 0] += 1
        remark(mistake)
    }

    mutating func remark(_ message: String) {
        if messages.count == Self.messagesMax { messages.append("and more, which are not shown") }
        if messages.count < Self.messagesMax { messages.append(message) }
    }

    /// The pack is of no use.
    mutating func fail(_ reason: String) { failure = reason }

    var report: PushReport {
        var report = PushReport(messages: messages, failure: failure)
        for command in commands {
            let own = refusals[command.reference] ?? mistakes[command.reference].map(Self.count)
            let refusal = isAccepted ? nil : failure.map { _ in "unpacker error" } ?? own ?? "another branch is refused"
            report.outcomes.append((command.reference, refusal))
        }
        return report
    }

    private static func count(_ mistakes: Int) -> String {
        mistakes == 1 ? "1 mistake in its files" : "\(mistakes) mistakes in its files"
    }
}
