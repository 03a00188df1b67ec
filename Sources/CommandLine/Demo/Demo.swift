import CloudEvents
import FoundationEssentials
import KeptnModel
import Ports
import RemoteClients

/// The story of the demo, told through the public API only. Every outcome is asked from the API and from the running
/// service; nothing is believed because the demo did it.
struct Demo {
    static let project = "sockshop"
    static let service = "carts"
    /// The files that the service gets in every stage.
    var resources = [
        "process.yaml", "slo.yaml", "keptn/sli.yaml", "jmeter/jmeter.conf.yaml", "jmeter/healthcheck.yaml",
        "jmeter/functional.yaml", "jmeter/performance.yaml",
    ]
    /// A delivery may take so long before the demo gives up.
    static let deliveryMax = Duration.seconds(180)

    let example: String
    let carts: String
    let folder: String
    let terminal: Terminal
    var stages = ["dev", "staging", "production"]
    let time = SystemTime()

    /// True when every promised outcome was seen.
    func run(_ client: APIClient) async throws -> Bool {
        let outcomes = Outcomes()
        try await prepare(client)

        let first = try await deliver("v1", client)
        outcomes.note("v1 passes dev, staging and production", first.tree.verdicts == stages.map { "\($0) pass" })
        let production = try await address(in: "production", context: first.context, client)
        outcomes.note("production serves version 1", try await version(at: production) == "1")

        try await withThrowingTaskGroup(of: Void.self) { group in
            let customer = Customer(url: production + "/carts/demo")
            group.addTask { try await customer.run() }
            try await deliverSlowVersion(client, production, outcomes)
            let third = try await deliver("v3", client)
            outcomes.note("v3 passes all stages", third.tree.verdicts == stages.map { "\($0) pass" })
            outcomes.note("production serves version 3", try await version(at: production) == "3")
            group.cancelAll()
            while (try? await group.next()) != nil {}
            let count = customer.count
            outcomes.note(
                "production answered all \(count.requests) requests of the client, \(count.failures) failed",
                count.requests > 0 && count.failures == 0)
        }
        return outcomes.report(on: terminal)
    }

    func prepare(_ client: APIClient) async throws {
        terminal.line("Creating project \(Self.project) with \(stages.joined(separator: ", "))")
        let shipyard = try InputFile.read("\(example)/shipyard.yaml")
        _ = try await client.post(
            "controlPlane/v1/project",
            ["name": .string(Self.project), "shipyard": .string(Base64.encode(shipyard))])
        _ = try await client.post(
            "controlPlane/v1/project/\(Self.project)/service", ["serviceName": .string(Self.service)])
        for stage in stages {
            let files = try resources.map { path in
                JSON.object([
                    ("resourceURI", .string(path)),
                    ("resourceContent", .string(Base64.encode(try InputFile.read(file(path, for: stage))))),
                ])
            }
            _ = try await client.post(
                "resource-service/v1/project/\(Self.project)/stage/\(stage)/service/\(Self.service)/resource",
                ["resources": .array(files)])
        }
    }

    /// A stage may have a file of its own, in a folder of its name.
    private func file(_ path: String, for stage: String) -> String {
        let own = "\(example)/\(stage)/\(path)"
        return FileManager.default.fileExists(atPath: own) ? own : "\(example)/\(path)"
    }

    /// The slow version has to fail in staging, and nothing of it may stay.
    private func deliverSlowVersion(_ client: APIClient, _ production: String, _ outcomes: Outcomes) async throws {
        let staging = try await serving(in: "staging", client)
        let second = try await deliver("v2", client)
        let evaluation = try await event("evaluation.finished", stage: "staging", context: second.context, client)
        outcomes.note("v2 is stopped by staging's quality gate", evaluation?["data", "result"]?.stringValue == "fail")
        terminal.line("\nThe gate says: \(evaluation?["data", "message"]?.stringValue ?? "nothing")\n")
        let compared = evaluation?["data", "evaluation", "comparedEvents"]?.elements ?? []
        outcomes.note("the gate names the earlier run that it compared with", !compared.isEmpty)
        outcomes.note(
            "staging rolled back",
            second.tree.sequences.contains { $0.stage == "staging" && $0.name == "rollback" && $0.verdict == "pass" })
        outcomes.note("staging still serves version 1", try await version(at: staging) == "1")
        outcomes.note("v2's canary is gone", try await isGone(second.context, client))
        outcomes.note("production never saw v2", !second.tree.sequences.contains { $0.stage == "production" })
        outcomes.note("production still serves version 1", try await version(at: production) == "1")
    }

    // MARK: - Delivering

    func deliver(_ version: String, _ client: APIClient) async throws -> (context: String, tree: SequenceTree) {
        let artifact = "\(folder)/versions/\(version)"
        try FileManager.default.createDirectory(atPath: artifact, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: carts, toPath: "\(artifact)/carts")
        try FileManager.default.copyItem(
            atPath: "\(example)/carts/\(version)/version.json", toPath: "\(artifact)/version.json")
        let image = try await Artifact(artifact).upload(with: client, on: terminal)
        terminal.line("\nDelivering \(Self.service) \(version) (\(Artifact.short(image)))")
        let context = try await client.send(
            .sequence(stage: stages[0], name: "delivery", kind: .triggered),
            data: [
                "project": .string(Self.project), "stage": .string(stages[0]), "service": .string(Self.service),
                "configurationChange": ["values": ["image": .string(image)]],
            ])
        let watch = SequenceWatch(client: client, project: Self.project, context: context, terminal: terminal)
        let tree = try await time.withDeadline(Self.deliveryMax, "the delivery of \(version)") {
            try await watch.untilOver()
        }
        return (context, tree)
    }

    // MARK: - Asking

    func event(
        _ type: String, stage: String, context: String, _ client: APIClient
    ) async throws -> JSON? {
        let answer = try await client.get(
            "mongodb-datastore/event",
            [
                "project": Self.project, "stage": stage, "keptnContext": context, "type": "sh.keptn.event.\(type)",
                "pageSize": "1",
            ])
        return answer["events"]?.elements.first
    }

    /// The address that a stage's users know, as the release of a run tells it.
    func address(in stage: String, context: String, _ client: APIClient) async throws -> String {
        let release = try await event("release.finished", stage: stage, context: context, client)
        guard let url = release?["data", "deployment", "deploymentURIsPublic"]?.elements.first?.stringValue else {
            throw KeptnError(.notFound, "the release in stage \(stage) names no address")
        }
        return url
    }

    /// The address of what a stage serves after its newest release.
    private func serving(in stage: String, _ client: APIClient) async throws -> String {
        let answer = try await client.get(
            "mongodb-datastore/event",
            ["project": Self.project, "stage": stage, "type": "sh.keptn.event.release.finished", "pageSize": "1"])
        guard
            let url = answer["events"]?.elements.first?["data", "deployment", "deploymentURIsPublic"]?.elements.first?
                .stringValue
        else { throw KeptnError(.notFound, "nothing was released in stage \(stage)") }
        return url
    }

    static func get(_ url: String) async throws -> IncomingResponse {
        try await WebRequester().send(OutgoingRequest(url: url))
    }

    /// The version that the running service itself names.
    func version(at url: String) async throws -> String? {
        let answer = try await Self.get("\(url)/carts/demo")
        guard answer.status == 200 else { return nil }
        return try? JSON(parsing: answer.body)["version"]?.stringValue
    }

    /// Nobody answers at the canary's address any more.
    private func isGone(_ context: String, _ client: APIClient) async throws -> Bool {
        let deployment = try await event("deployment.finished", stage: "staging", context: context, client)
        guard let url = deployment?["data", "deployment", "deploymentURIsPublic"]?.elements.first?.stringValue else {
            return false
        }
        return try await Self.get("\(url)/carts/demo").status == 503
    }
}

extension SequenceTree {
    /// `STAGE VERDICT` of each delivery, in order.
    fileprivate var verdicts: [String] {
        sequences.filter { $0.name == "delivery" }.map { "\($0.stage) \($0.verdict ?? "open")" }
    }
}
