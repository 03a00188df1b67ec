import ArgumentParser
import CloudEvents
import KeptnModel
import Ports
import RemoteClients

struct TriggerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trigger", abstract: "Start a delivery, an evaluation or any other sequence.",
        subcommands: [TriggerDeliveryCommand.self, TriggerEvaluationCommand.self, TriggerSequenceCommand.self])
}

struct TriggerOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions
    @Option(name: [.short, .long], help: "The project.") var project: String
    @Option(help: "The service.") var service: String
    @Option(name: [.short, .long], help: "Labels, name=value; repeatable, or with commas between.")
    var labels: [String] = []
    @OptionGroup var watching: WatchOptions

    /// Says to people what begins.
    func announce(_ text: String) {
        if !format.isData { connection.terminal.info(text) }
    }

    /// Names the run that has begun, or follows it: to its end, whose exit code tells how it was.
    func report(_ context: String, _ client: APIClient) async throws {
        let terminal = connection.terminal
        if !format.isData {
            terminal.line("ID of Keptn context: \(context)")
        } else if !watching.watch {
            format.print(["keptnContext": .string(context)], on: terminal) { [] }
        }
        if watching.watch {
            let run = SequenceWatch(client: client, project: project, context: context, terminal: terminal)
            try await run.follow(watching, format)
        }
    }

    func withClient(stage: String?, failure: String, _ body: (APIClient) async throws -> Void) async throws {
        let place = Place(project: project, stage: stage, service: service)
        try await connection.withClient(at: place, failure: failure, body)
    }

    func labelsObject() throws -> JSON? { try KeyValues.labelsObject(labels) }
}

struct TriggerDeliveryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delivery",
        abstract: "Deliver a version of a service: an executable, a folder, a tar archive or an image name.")

    @OptionGroup var options: TriggerOptions
    @Option(
        name: [.short, .long],
        help:
            "What is delivered: a path or an http(s) URL of an executable, a folder or a tar archive, or an image name."
    )
    var image: String
    @Option(name: [.short, .long], help: "The first stage; default the shipyard's first.") var stage: String?
    @Option(help: "The sequence.") var sequence = "delivery"
    @Option(help: "Further values, a.b=c; repeatable, or with commas between.")
    var values: [String] = []

    func run() async throws {
        try await options.withClient(stage: stage, failure: "trigger delivery was unsuccessful.") { client in
            let stage = try await client.firstStage(of: options.project, given: stage)
            try await client.requireService(options.service, options.project, stage)
            let reference = try await Artifact(image).upload(with: client, on: options.connection.terminal)
            options.announce(
                "Starting to deliver the service \(options.service) in project \(options.project) "
                    + "with image: \(reference)")
            let given = try KeyValues.nested(values, option: "--values").setting("image", to: .string(reference))
            let context = try await client.send(
                .sequence(stage: stage, name: sequence, kind: .triggered),
                data: [
                    "project": .string(options.project), "stage": .string(stage), "service": .string(options.service),
                    "labels": try options.labelsObject(), "configurationChange": ["values": given],
                ])
            try await options.report(context, client)
        }
    }
}

struct TriggerEvaluationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluation", abstract: "Evaluate a service's objectives for a window of time.")

    @OptionGroup var options: TriggerOptions
    @Option(name: [.short, .long], help: "The stage.") var stage: String
    @Option(help: "The window's start, such as 2026-01-31T12:00:00Z.") var start: String?
    @Option(help: "The window's end; not together with --timeframe.") var end: String?
    @Option(help: "The window's length, such as 5m; default 5m until now.") var timeframe: String?
    @Option(help: "Read the objectives at this commit.") var gitCommitId: String?

    func run() async throws {
        options.announce(
            "Starting to trigger evaluation of the service \(options.service) in project \(options.project)")
        try await options.withClient(stage: stage, failure: "trigger evaluation was unsuccessful.") { client in
            let path =
                "controlPlane/v1/project/\(client.segment(options.project))/stage/\(client.segment(stage))"
                + "/service/\(client.segment(options.service))/evaluation"
            let answer = try await client.post(
                path,
                [
                    "start": start.map { .string($0) }, "end": end.map { .string($0) },
                    "timeframe": timeframe.map { .string($0) }, "gitcommitid": gitCommitId.map { .string($0) },
                    "labels": try options.labelsObject(),
                ])
            try await options.report(answer.text("keptnContext"), client)
        }
    }
}

struct TriggerSequenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "sequence", abstract: "Start any sequence.")

    @OptionGroup var options: TriggerOptions
    @Argument(help: "The sequence's name.") var name: String
    @Option(name: [.short, .long], help: "The stage.") var stage: String
    @Option(name: [.short, .long], help: "Members of the event's data, a.b=c; repeatable, or with commas between.")
    var data: [String] = []

    func run() async throws {
        options.announce(
            "Triggering sequence \(name) in project \(options.project) in stage \(stage) service \(options.service)")
        try await options.withClient(stage: stage, failure: "trigger sequence was unsuccessful.") { client in
            try await client.requireService(options.service, options.project, stage)
            let place: JSON = [
                "project": .string(options.project), "stage": .string(stage), "service": .string(options.service),
                "labels": try options.labelsObject(),
            ]
            let context = try await client.send(
                .sequence(stage: stage, name: name, kind: .triggered),
                data: try KeyValues.nested(data, option: "--data").merging(place))
            try await options.report(context, client)
        }
    }
}

extension APIClient {
    /// Sends a trigger as Keptn's CLI does and returns its context.
    func send(_ type: EventType, data: JSON) async throws -> String {
        let answer = try await post(
            "v1/event",
            [
                "specversion": "1.0", "type": .string(type.text), "contenttype": "application/json",
                "source": "https://github.com/keptn/keptn/cli#configuration-change", "data": data,
            ])
        guard let context = answer["keptnContext"]?.stringValue else {
            throw KeptnError(.internalFailure, "the server accepted the event without naming its context")
        }
        return context
    }

    func firstStage(of project: String, given: String?) async throws -> String {
        if let given { return given }
        let answer = try await get("controlPlane/v1/project/\(segment(project))/stage")
        guard let first = answer["stages"]?.elements.first?["stageName"]?.stringValue else {
            throw KeptnError(
                .notFound, "could not start sequence because no stage has been found in project \(project)")
        }
        return first
    }

    func requireService(_ service: String, _ project: String, _ stage: String) async throws {
        _ = try await get(
            "controlPlane/v1/project/\(segment(project))/stage/\(segment(stage))/service/\(segment(service))")
    }
}
