import ArgumentParser
import CloudEvents
import Core
import Ports
import RemoteClients

/// What webhook-service listens to; what it does then stands in `webhook/webhook.yaml`.
struct CreateWebhookSubscriptionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook-subscription",
        abstract: "Let webhook-service hear an event, and print the subscription's id for webhook/webhook.yaml.")
    @OptionGroup var connection: ConnectionOptions
    @Option(help: "The project whose events are heard.") var project: String
    @Option(help: "An event type, such as sh.keptn.event.deployment.triggered; '*' is one word, '>' the rest.")
    var event: String
    @Option(help: "Only events of this stage; repeatable.") var stage: [String] = []
    @Option(help: "Only events of this service; repeatable. Needs --stage.") var service: [String] = []

    func run() async throws {
        func list(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }
        let body: JSON = [
            "event": .string(event),
            "filter": ["projects": [.string(project)], "stages": list(stage), "services": list(service)],
        ]
        let answer = try await connection.withClient { client in
            try await client.post("\(try await client.webhookSubscriptions())", body)
        }
        connection.terminal.line(answer.text("id"))
    }
}

struct DeleteWebhookSubscriptionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook-subscription", abstract: "Let webhook-service no longer hear an event.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The subscription's id; 'keptn get integrations webhook-service --output yaml' shows them.")
    var id: String

    func run() async throws {
        try await connection.withClient { client in
            let all = try await client.webhookSubscriptions()
            guard try await client.get(all).elements.contains(where: { $0.text("id") == id }) else {
                throw KeptnError(.notFound, "webhook-service has no subscription \(id)")
            }
            _ = try await client.delete("\(all)/\(client.segment(id))")
        }
        connection.terminal.info("Subscription \(id) has been deleted")
    }
}

extension APIClient {
    /// The path of the subscriptions of webhook-service.
    fileprivate func webhookSubscriptions() async throws -> String {
        let registrations = "controlPlane/v1/uniform/registration"
        let known = try await get(registrations, ["name": UniformRegistry.webhookService])
        guard let id = known.elements.first?["id"]?.stringValue else {
            throw KeptnError(.notFound, "there is no \(UniformRegistry.webhookService)")
        }
        return "\(registrations)/\(segment(id))/subscription"
    }
}
