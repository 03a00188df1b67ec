import ArgumentParser
import CloudEvents
import Ports
import RemoteClients

/// Something that waits for an approval, and the answer to it.
struct OpenApproval: Sendable {
    let event: JSON

    private static let type = "sh.keptn.event.approval.triggered"

    private var data: JSON { event["data"] ?? .emptyObject }
    var id: String { event.text("id") }
    var service: String { data.text("service") }

    /// What would be approved, as Keptn shows it.
    var image: String {
        let image = data["configurationChange", "values", "image"]?.stringValue ?? ""
        return image.isEmpty ? "n/a" : Artifact.short(image)
    }

    /// Those that nobody has answered.
    static func all(
        project: String, stage: String, service: String?, id: String?, _ client: APIClient
    ) async throws -> [OpenApproval] {
        let query = ["project": project, "stage": stage, "service": service, "eventID": id]
        let path = "controlPlane/v1/event/triggered/\(type)"
        return try await client.pages(path, items: "events", query.compactMapValues(\.self)).map { Self(event: $0) }
    }

    /// The one that waits. Throws when there are none or several.
    static func only(
        project: String, stage: String, service: String?, id: String?, _ client: APIClient
    ) async throws -> OpenApproval {
        let waiting = try await all(project: project, stage: stage, service: service, id: id, client)
        guard let approval = waiting.first else {
            throw KeptnError(.notFound, "Nothing waits for an approval in stage \(stage) of project \(project)")
        }
        guard waiting.count == 1 else {
            let ids = waiting.map { "\($0.id) (\($0.service))" }
            throw KeptnError(.invalidInput, "Several wait; name one with --id: \(ids.joined(separator: ", "))")
        }
        return approval
    }

    /// How many people have to approve.
    var approvers: Int { data["approval", "approvers"]?.intValue ?? 1 }

    /// The score of the evaluation before it; `n/a` when there was none.
    func score(_ client: APIClient) async throws -> String {
        let answer = try await client.get(
            "mongodb-datastore/event",
            [
                "keptnContext": event.text("shkeptncontext"), "project": data.text("project"),
                "stage": data.text("stage"), "service": service, "type": "sh.keptn.event.evaluation.finished",
            ])
        return answer["events"]?.elements.first?["data", "evaluation", "score"]?.text ?? "n/a"
    }

    /// Sends the answer as Keptn's CLI does.
    /// - Parameter labels: take the place of those that the approval has.
    func answer(approve: Bool, message: String = "", labels: JSON? = nil, _ client: APIClient) async throws {
        _ = try await client.post(
            "v1/event",
            [
                "specversion": "1.0", "type": "sh.keptn.event.approval.finished",
                "source": "https://github.com/keptn/keptn/cli#sh.keptn.event.approval.finished",
                "contenttype": "application/json", "shkeptncontext": event["shkeptncontext"],
                "triggeredid": event["id"],
                "data": [
                    "project": data["project"], "stage": data["stage"], "service": data["service"],
                    "labels": labels ?? data["labels"], "status": "succeeded", "result": approve ? "pass" : "fail",
                    "message": .string(message),
                ],
            ])
    }
}

struct SendApprovalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approval", abstract: "Approve or decline what waits for an approval.")

    @OptionGroup var connection: ConnectionOptions
    @Option(name: [.short, .long], help: "The project.") var project: String
    @Option(name: [.short, .long], help: "The stage.") var stage: String
    @Option(help: "The service.") var service: String?
    @Option(help: "The id of the approval.triggered event; needed when several wait.") var id: String?
    @Flag(inversion: .prefixedNo, help: "Approve, or decline with --no-approve.") var approve = true
    @Option(
        name: [.customShort("m"), .customLong("comment"), .customLong("message")],
        help: "Why; it stands in the answer, beside who gave it.")
    var comment: String?

    func run() async throws {
        let place = Place(project: project, stage: stage, service: service)
        let approval = try await connection.withClient(at: place) { client in
            let approval = try await OpenApproval.only(
                project: project, stage: stage, service: service, id: id, client)
            try await approval.answer(approve: approve, message: comment ?? "", client)
            return approval
        }
        let others = approve && approval.approvers > 1 ? " \(approval.approvers) people have to approve." : ""
        connection.terminal.line((approve ? "Approved." : "Declined.") + others)
    }
}

struct CreateApprovalLinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approval-link", abstract: "Make a link by which somebody answers an approval with a browser.",
        discussion: """
            The link lets one named person approve or decline what waits, once, without a token. Opening it decides \
            nothing: a page asks. It takes a token that may make tokens.
            """)

    @OptionGroup var connection: ConnectionOptions
    @Option(name: [.short, .long], help: "The project.") var project: String
    @Option(name: [.short, .long], help: "The stage.") var stage: String
    @Option(help: "The service.") var service: String?
    @Option(help: "The id of the approval.triggered event; needed when several wait.") var id: String?
    @Option(name: .customLong("for"), help: "Who is going to answer; the answer has this name.") var person: String
    @Option(help: "How long the link is good, such as 90m.") var valid = "24h"

    func run() async throws {
        let place = Place(project: project, stage: stage, service: service)
        let url = try await connection.withClient(at: place) { client in
            let approval = try await OpenApproval.only(
                project: project, stage: stage, service: service, id: id, client)
            let link = try await client.post(
                "controlPlane/v1/approval/\(client.segment(approval.id))/link",
                ["for": .string(person), "validity": .string(valid)])
            // Where this command reaches the API, a browser does too.
            return client.endpoint + link.text("path").dropFirst("/api".count)
        }
        connection.terminal.line(url)
    }
}

struct SendApprovalFinishedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approval.finished",
        abstract: "Approve what has an id, or choose among what waits for a service.",
        discussion: "'keptn send approval' needs no id when only one waits, and declines too.")

    @OptionGroup var connection: ConnectionOptions
    @Option(name: [.short, .long], help: "The project.") var project: String
    @Option(name: [.short, .long], help: "The stage.") var stage: String
    @Option(help: "The id of the approval.triggered event, which is approved.") var id: String?
    @Option(help: "The service; what waits there is shown, and asked for.") var service: String?
    @Option(name: [.short, .long], help: "Labels, name=value; repeatable, or with commas between.")
    var labels: [String] = []

    func validate() throws {
        if (id == nil) == (service == nil) {
            throw ValidationError("Either --id or --service is needed: --id approves at once, --service asks")
        }
    }

    func run() async throws {
        let terminal = connection.terminal
        terminal.info("Starting to send approval.finished event")
        let labels = try KeyValues.labelsObject(labels)
        let place = Place(project: project, stage: stage, service: service)
        try await connection.withClient(at: place) { client in
            let waiting = try await OpenApproval.all(project: project, stage: stage, service: service, id: id, client)
            guard let first = waiting.first else {
                let which = id.map { "event with the ID \($0) has" } ?? "events have"
                return terminal.line("No open approval.triggered \(which) been found")
            }
            guard id == nil else { return try await first.answer(approve: true, labels: labels, client) }
            let chosen = try await choose(among: waiting, client)
            let word = try ask("Do you want to (a)pprove or (d)ecline:", ["a", "d"])
            try await chosen.answer(approve: word == "a", labels: labels, client)
        }
    }

    /// Shows what waits as Keptn does, and lets a person take one.
    private func choose(among waiting: [OpenApproval], _ client: APIClient) async throws -> OpenApproval {
        var table = Table(header: ["OPTION", "IMAGE", "EVALUATION", "WAITS SINCE"])
        for (index, approval) in waiting.enumerated() {
            table.rows.append([
                "(\(index + 1))", approval.image, try await approval.score(client), approval.event.text("time"),
            ])
        }
        table.lines().forEach { connection.terminal.line($0) }
        let options = waiting.indices.map { String($0 + 1) }
        let word = try ask("Select the option of approval to approve or decline:", options)
        return waiting[options.firstIndex(of: word) ?? 0]
    }

    /// Asks until one of the answers is given. Throws `invalidInput` when nobody is there to answer.
    private func ask(_ question: String, _ answers: [String]) throws -> String {
        let known = answers.joined(separator: ", ")
        while true {
            connection.terminal.line(question)
            guard let word = connection.terminal.answer() else {
                throw KeptnError(.invalidInput, "Nobody answered (\(known)); a script says --id")
            }
            if answers.contains(word) { return word }
            connection.terminal.line("'\(word)' is none of \(known)")
        }
    }
}
