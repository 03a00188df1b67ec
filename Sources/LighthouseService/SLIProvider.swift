import CloudEvents
import Core
package import KeptnKit
import KeptnModel
package import Ports

/// An SLI provider: answers `get-sli` with what a source measures (K §3.3).
///
/// It is called like the kind of its source. A project may have more of them under names of its own: the provider
/// `prometheus-eu` is one whose `prometheus-eu/provider.yaml` says `kind: prometheus`.
package struct SLIProvider: Sendable {
    private let source: any IndicatorSource
    private let files: IndicatorFiles
    private let secrets: any SecretStore
    private let time: any TimeSource

    /// The scopes whose secrets a `provider.yaml` may name, the first that has it counts.
    private static let secretScopes = ["keptn-default", "keptn-prometheus-service", "dynatrace-service"]

    package init(
        source: any IndicatorSource, configuration: any Configuration, secrets: any SecretStore, time: any TimeSource
    ) {
        self.source = source
        files = IndicatorFiles(configuration: configuration)
        self.secrets = secrets
        self.time = time
    }

    package func integration(version: String) -> Integration {
        Integration(name: "\(source.kind.rawValue)-sli-provider", version: version)
            .on(task: "get-sli", when: isMine, perform: answer).cancelledOnAbort()
    }

    private func isMine(_ task: TaskContext) async throws -> Bool {
        guard let name = task.properties["sliProvider"]?.stringValue else { return false }
        if let kind = SLIProviderSpec.Kind(rawValue: name) { return kind == source.kind }
        // What cannot be read is of no kind: nobody may answer for it.
        return (try? await files.spec(of: name, task.scope, task.gitCommitID))?.kind == source.kind
    }

    private func answer(_ task: TaskContext) async throws -> TaskOutcome {
        let provider = task.properties["sliProvider"]?.stringValue ?? ""
        do {
            let request = try IndicatorRequest(getSLI: task.data, scope: task.scope, context: task.contextID)
            // As for a service without objectives.
            guard !request.indicators.isEmpty else { return Self.outcome([], request) }
            let spec = try await files.spec(of: provider, task.scope, task.gitCommitID)
            let means = IndicatorMeans(
                queries: try await files.queries(of: provider, task.scope, task.gitCommitID), spec: spec,
                authorization: try await authorization(spec), deadline: IndicatorDeadline(time: time),
                file: { [files] in try await files.bytes($0, task.scope, task.gitCommitID) })
            return Self.outcome(try await source.measure(request, means), request)
        } catch let error as CancellationError {
            throw error
        } catch {
            return .errored("SLI provider \(provider): \(error)")
        }
    }

    private static func outcome(_ values: [SLIValue], _ request: IndicatorRequest) -> TaskOutcome {
        let shortfall = IndicatorShortfall(values)
        return TaskOutcome(
            result: shortfall.result, message: shortfall.message,
            data: [
                "get-sli": [
                    "start": .string(request.start.rfc3339), "end": .string(request.end.rfc3339),
                    "indicatorValues": .array(values.map(\.json)),
                ]
            ])
    }

    private func authorization(_ spec: SLIProviderSpec?) async throws -> [SLIProviderSpec.Header] {
        try await (spec ?? SLIProviderSpec()).authorization { [secrets] wanted in
            for scope in Self.secretScopes {
                guard let values = try await secrets.values(of: SecretName(wanted.name, scope: scope)) else { continue }
                if let value = values[wanted.key] { return value }
            }
            throw IndicatorError(
                "there is no secret '\(wanted.name)' with a key '\(wanted.key)' in "
                    + Self.secretScopes.joined(separator: ", "))
        }
    }
}
