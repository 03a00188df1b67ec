import ArgumentParser
import CloudEvents
import Ports
import RemoteClients

/// The endpoints to which events are posted, and what could not be delivered to them.
struct CreateSubscriptionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscription",
        abstract: "Post events to an HTTP endpoint, each at least once; change it when there is one of this name.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The subscription's name.") var name: String
    @Option(help: "Where events are posted to.") var url: String
    @Option(help: "An event type; '*' is one word, '>' at the end is the rest; repeatable.") var event: [String]
    @Option(help: "Only events of this project; repeatable.") var project: [String] = []
    @Option(help: "Only events of this stage; repeatable.") var stage: [String] = []
    @Option(help: "Only events of this service; repeatable.") var service: [String] = []
    @Option(help: "How an event is written: structured or binary.") var mode = "structured"
    @Option(
        help: "What the endpoint wants to see, as SECRET/KEY: a value of a secret of scope keptn-webhook-service.")
    var secret: String?
    @Option(help: "The header in which it stands; default Authorization, as a bearer token.") var secretHeader: String?

    func validate() throws {
        if let secret, secret.split(separator: "/", omittingEmptySubsequences: false).count != 2 {
            throw ValidationError("--secret: SECRET/KEY is needed, such as audit/token")
        }
        if secretHeader != nil, secret == nil {
            throw ValidationError("--secret-header says where the value of --secret stands: both are needed")
        }
    }

    private var credential: JSON? {
        guard let parts = secret?.split(separator: "/"), parts.count == 2 else { return nil }
        return [
            "secret": .string(String(parts[0])), "key": .string(String(parts[1])),
            "header": secretHeader.map { .string($0) },
        ]
    }

    func run() async throws {
        func list(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }
        let body: JSON = [
            "url": .string(url), "mode": .string(mode), "events": list(event), "projects": list(project),
            "stages": list(stage), "services": list(service), "credential": credential,
        ]
        try await connection.withClient { _ = try await $0.put("v1/subscriptions/\($0.segment(name))", body) }
        connection.terminal.info("Subscription \(name) created successfully")
    }
}

struct DeleteSubscriptionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscription", abstract: "Post no more events to an endpoint, and forget what failed.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The subscription's name.") var name: String

    func run() async throws {
        try await connection.withClient { _ = try await $0.delete("v1/subscriptions/\($0.segment(name))") }
        connection.terminal.info("Subscription \(name) has been deleted")
    }
}

struct GetSubscriptionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscriptions", abstract: "List the endpoints to which events are posted, and how they fare.",
        aliases: ["subscription"])
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        let answer = try await connection.withClient { try await $0.get("v1/subscriptions") }
        format.print(answer, on: connection.terminal, empty: "No subscriptions found") {
            Table(
                header: ["NAME", "URL", "DELIVERED", "FAILED", "TROUBLE", "EVENTS"], narrow: 5,
                rows: (answer["subscriptions"]?.elements ?? []).map {
                    [
                        $0.text("name"), $0.text("url"), $0.number("delivered"), $0.number("failed"),
                        $0.text("trouble"),
                        ($0["events"]?.elements ?? []).compactMap(\.stringValue).joined(separator: ","),
                    ]
                })
        }
    }
}

struct GetDeliveriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliveries", abstract: "List the events that could not be delivered.", aliases: ["delivery"])
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions
    @Option(help: "Only those of this subscription.") var subscription: String?

    func run() async throws {
        let failures = try await connection.withClient { client in
            try await client.pages(
                "v1/deliveries", items: "deliveries", subscription.map { ["subscription": $0] } ?? [:])
        }
        format.print(
            ["deliveries": .array(failures)], on: connection.terminal, empty: "Everything was delivered"
        ) {
            Table(
                header: ["POSITION", "SUBSCRIPTION", "TYPE", "FAILED AT", "ATTEMPTS", "REASON"],
                rows: failures.map {
                    [
                        $0.number("position"), $0.text("subscription"), $0["event"]?.text("type") ?? "",
                        $0.text("failedAt"), $0.number("attempts"), $0.text("reason"),
                    ]
                })
        }
    }
}

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Deliver again what could not be delivered to a subscription.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The subscription's name.") var subscription: String
    @Option(help: "Only the event at this position, as 'keptn get deliveries' shows it; repeatable.")
    var position: [Int] = []

    func run() async throws {
        let body: JSON = ["positions": position.isEmpty ? nil : .array(position.map { .integer($0) })]
        let answer = try await connection.withClient {
            try await $0.post("v1/subscriptions/\($0.segment(subscription))/replay", body)
        }
        connection.terminal.info("\(answer.number("replayed")) events are delivered again")
    }
}

extension JSON {
    fileprivate func number(_ key: String) -> String { self[key]?.text ?? "" }
}
