import ArgumentParser
import CloudEvents
import Ports
import RemoteClients

/// The integrations that Keptn knows, what they hear, and what they failed at.
struct GetIntegrationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "integrations",
        abstract: "List the integrations: version, place, last sign of life, open deliveries, errors.",
        aliases: ["integration"])
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "Only integrations of this name.") var name: String?

    func run() async throws {
        let integrations = try await connection.withClient { client in
            let found = try await client.get(
                "controlPlane/v1/uniform/registration", name.map { ["name": $0] } ?? [:]
            ).elements
            var integrations: [JSON] = []
            for integration in found {
                let errors = try await client.get(
                    "controlPlane/v1/log", ["integrationId": integration.text("id"), "pageSize": "1"])
                integrations.append(integration.setting("errors", to: errors["totalCount"] ?? 0))
            }
            return integrations
        }
        let empty = name.map { "No integration \($0) found" } ?? "No integrations found"
        format.print(["integrations": .array(integrations)], on: connection.terminal, empty: empty) {
            Table(
                header: ["NAME", "VERSION", "LOCATION", "LAST SEEN", "OPEN", "ERRORS", "SUBSCRIPTIONS"], narrow: 6,
                rows: integrations.map(Self.row))
        }
    }

    private static func row(_ integration: JSON) -> [String] {
        let metadata = integration["metadata"] ?? .emptyObject
        return [
            integration.text("name"), metadata.text("integrationversion"), metadata.text("location"),
            metadata.text("lastseen"), integration["openDeliveries"]?.text ?? "", integration["errors"]?.text ?? "",
            (integration["subscriptions"]?.elements ?? []).map { $0.text("event") }.joined(separator: ","),
        ]
    }
}
