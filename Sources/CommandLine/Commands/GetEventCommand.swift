import ArgumentParser
import CloudEvents
import Ports
import RemoteClients

struct GetEventCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "event", abstract: "Show events, newest first: one as an object, several as a list.",
        discussion: """
            keptn get event evaluation.finished --keptn-context CONTEXT
            keptn get event approval.triggered --project shop --stage prod    (those that still wait)
            keptn get event --project shop --watch                            (each as it comes)
            """,
        aliases: ["events"])

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions
    @OptionGroup var watching: WatchOptions
    @Argument(help: "The event type; 'sh.keptn.event.' may be left out.") var type: String?
    @Option(name: [.short, .long], help: "The project.") var project: String?
    @Option(name: [.short, .long], help: "The stage.") var stage: String?
    @Option(help: "The service.") var service: String?
    @Option(name: [.customShort("c"), .long], help: "The Keptn context.") var keptnContext: String?
    @Option(help: "So many events are asked for at a time, 1 to 100.") var pageSize = 100
    @Option(help: "At most so many pages are shown.") var numOfPages = 1

    private static let approvals = "sh.keptn.event.approval.triggered"
    private static let evaluations = "sh.keptn.event.evaluation.finished"

    func validate() throws {
        if project == nil, keptnContext == nil {
            throw ValidationError("--project or --keptn-context is needed, such as: keptn get event --project shop")
        }
        if !(1...100).contains(pageSize) {
            throw ValidationError("--page-size \(pageSize): a number from 1 to 100 is needed")
        }
        if numOfPages < 1 { throw ValidationError("--num-of-pages \(numOfPages): a number above 0 is needed") }
    }

    /// The full event type. What Keptn 0.6 called `evaluation-done` is kept as `evaluation.finished`.
    private var fullType: String? {
        if isOldName { return Self.evaluations }
        return type.map { $0.hasPrefix("sh.keptn.") ? $0 : "sh.keptn.event.\($0)" }
    }

    private var isOldName: Bool { type == "evaluation-done" }

    private var query: [String: String] {
        let given = [
            "type": fullType, "project": project, "stage": stage, "service": service, "keptnContext": keptnContext,
        ]
        return given.compactMapValues { $0 }
    }

    func run() async throws {
        let terminal = connection.terminal
        if isOldName { terminal.error("'evaluation-done' is deprecated: say 'keptn get event evaluation.finished'") }
        let place = Place(project: project, stage: stage, service: service)
        let (query, watching, output) = (query, watching, format.output ?? .json)
        let events: [JSON]
        if watching.watch {
            return try await connection.withClient(at: place) { client in
                try await watching.limited {
                    try await EventWatch(client: client, query: query, format: output, terminal: terminal).follow()
                }
            }
        } else if fullType == Self.approvals {
            // As in Keptn, what was answered is no longer there.
            if format.output == nil { terminal.info("Starting to get approval.triggered events") }
            events = try await connection.withClient(at: place) { client in
                try await client.pages(
                    "controlPlane/v1/event/triggered/\(Self.approvals)", items: "events",
                    query.filter { $0.key != "type" })
            }
            if events.isEmpty { return terminal.line("No approval.triggered events have been found") }
        } else {
            if fullType == Self.evaluations, format.output == nil {
                terminal.info("Starting to get evaluation.finished event")
            }
            let pageQuery = query.merging(["pageSize": String(pageSize)]) { $1 }
            events = try await connection.withClient(at: place) { client in
                try await client.pages("mongodb-datastore/event", items: "events", pageQuery, pagesMax: numOfPages)
            }
            if events.isEmpty { return terminal.line("No event returned") }
        }
        show(events, output, terminal)
    }

    private func show(_ events: [JSON], _ output: OutputFormat, _ terminal: Terminal) {
        guard output == .table || output == .wide else {
            return EventWatch.print(events.count == 1 ? events[0] : .array(events), output, terminal)
        }
        let table = Table(
            header: ["TIME", "TYPE", "PROJECT", "STAGE", "SERVICE", "RESULT", "CONTEXT", "ID", "SOURCE"], narrow: 7,
            rows: events.map { event in
                let data = event["data"] ?? .emptyObject
                return [
                    event.text("time"), event.text("type"), data.text("project"), data.text("stage"),
                    data.text("service"), data.text("result"), event.text("shkeptncontext"), event.text("id"),
                    event.text("source"),
                ]
            })
        table.lines(isWide: output == .wide).forEach { terminal.line($0) }
    }
}
