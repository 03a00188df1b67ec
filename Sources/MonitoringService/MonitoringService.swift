package import CloudEvents
import Core
package import KeptnKit
import KeptnModel
package import Logging
package import Ports
package import ServiceLifecycle
import SpecFiles

/// Makes Prometheus watch a service (K §1.1, `monitoring.configure`): where it has to scrape, and an alert for each
/// objective, in every stage that has a remediation.
///
/// It hears: `monitoring.configure` of the type `prometheus`, and what was deleted. `AlertRules` decides. It answers
/// with `configure-monitoring.finished`, which says what is watched and what is not.
package struct MonitoringService: Service {
    package static let name = "prometheus-service"
    private static let wish = "sh.keptn.event.monitoring.configure"
    private static let type = "prometheus"
    private static let indicatorsFile = "prometheus/sli.yaml"
    private static let objectivesFile = "slo.yaml"
    private static let providerFile = "prometheus/provider.yaml"

    let configuration: any ConfigurationWriting
    let projectNames: @Sendable () async throws -> [String]
    /// Nil where the operator has named no folder.
    let files: (any MonitoringFiles)?
    /// Of the Prometheus that reads them; nil where the operator has not said it.
    private let prometheusURL: String?
    /// HOST:PORT of our own `/metrics`.
    private let ownAddress: @Sendable () -> String
    private let time: any TimeSource
    let logger: Logger

    /// - Parameter projectNames: Of all projects.
    package init(
        configuration: any ConfigurationWriting, projectNames: @escaping @Sendable () async throws -> [String],
        files: (any MonitoringFiles)?, prometheusURL: String? = nil,
        ownAddress: @escaping @Sendable () -> String, time: any TimeSource, logger: Logger
    ) {
        self.configuration = configuration
        self.projectNames = projectNames
        self.files = files
        self.prometheusURL = prometheusURL
        self.ownAddress = ownAddress
        self.time = time
        self.logger = logger
    }

    /// Tidies up what was left before the start. `integration` has to run beside it.
    package func run() async throws {
        await tidyUp()
        do { try await gracefulShutdown() } catch is CancellationError {}
    }

    package func integration(version: String) -> Integration {
        Integration(name: Self.name, version: version)
            .on(eventType: Self.wish, perform: configure)
            .on(eventType: Self.serviceDeleted, perform: noteDeletion)
            .on(eventType: Self.projectDeleted, perform: noteDeletion)
    }

    private func configure(_ event: CloudEvent) async throws -> [CloudEvent] {
        guard let data = event.json, data["type"]?.stringValue == Self.type else { return [] }
        guard let project = data["project"]?.stringValue, let service = data["service"]?.stringValue else {
            return [answer(to: event, .fail, "prometheus needs data.project and data.service")]
        }
        do {
            return [answer(to: event, .pass, try await watch(service, of: project, data))]
        } catch let error as CancellationError {
            throw error
        } catch {
            return [answer(to: event, .fail, "\(error)")]
        }
    }

    private func watch(_ service: String, of project: String, _ wish: JSON) async throws -> String {
        guard let files else {
            throw KeptnError(
                .invalidInput,
                "this server writes nothing for Prometheus: its operator has to name the folder by 'keptn server "
                    + "--prometheus-folder DIR'")
        }
        let timing = try Self.timing(wish)
        let shipyard = try await configuration.shipyard(of: project, commit: nil).shipyard
        let stages = shipyard.stages.filter { stage in
            stage.sequences.contains { $0.name == SequenceMachine.remediation }
        }
        guard !stages.isEmpty else {
            throw KeptnError(
                .invalidInput,
                "no stage of \(project) has a sequence '\(SequenceMachine.remediation)' that an alert "
                    + "could start")
        }
        var groups: [AlertRules] = []
        for stage in stages {
            let scope = Scope(project: project, stage: stage.name, service: service)
            if let rules = try await rules(for: scope, timing) { groups.append(rules) }
        }
        guard groups.contains(where: { !$0.rules.isEmpty }) else {
            let reasons = groups.flatMap(\.leftOut).joined(separator: "; ")
            throw KeptnError(
                .invalidInput,
                "\(service) has no objective in \(Self.objectivesFile) that Prometheus could watch"
                    + (reasons.isEmpty ? "" : ": \(reasons)"))
        }
        let owner = AlertRules.Owner(project: project, service: service)
        let old = try await freeName(for: owner, in: files)
        let left = try await files.install(
            [
                MonitoringFile(.targets, name: "keptn.json", bytes: (targets.pretty() + "\n").utf8Bytes),
                MonitoringFile(
                    .alertRules, name: owner.fileName,
                    bytes: SpecFiles.yaml(from: AlertRules.file(groups)).utf8Bytes),
            ], removing: old)
        // It may have been deleted meanwhile, by somebody who saw no rules to remove yet.
        guard try await isThere(owner) else {
            _ = try await files.install([], removing: [owner.fileName])
            throw KeptnError(.notFound, "project '\(project)' has no service '\(service)' any more")
        }
        let gates = try await tellGates(of: groups.map(\.scope))
        return Self.report(groups, left) + gates
    }

    /// From now on Prometheus is also the SLI provider of the project (lighthouse-service hears the same wish): where
    /// nothing says how that is reached, its gates ask this one.
    private func tellGates(of scopes: [Scope]) async throws -> String {
        guard let prometheusURL else { return "" }
        for place in Set(scopes.flatMap { ConfigurationPlace($0).fallbacks }) {
            guard try await configuration.file(Self.providerFile, at: place, commit: nil) == nil else { return "" }
        }
        guard let project = scopes.first?.project else { return "" }
        let text = SpecFiles.yaml(from: ["url": .string(prometheusURL)])
        _ = try await configuration.write(
            [(Self.providerFile, text.utf8Bytes)], at: ConfigurationPlace(project: project))
        return ". Gates ask \(prometheusURL), as \(Self.providerFile) says"
    }

    private var targets: JSON { [["targets": [.string(ownAddress())]]] }

    private func rules(for scope: Scope, _ timing: AlertRules.Timing) async throws -> AlertRules? {
        let place = ConfigurationPlace(scope)
        guard let file = try await configuration.file(Self.objectivesFile, at: place, commit: nil),
            let slo = try SpecFiles.slo(file.bytes, file: "\(place)/\(Self.objectivesFile)").value
        else { return nil }
        var queries: [String: String] = [:]
        for place in place.fallbacks.reversed() {
            guard let file = try await configuration.file(Self.indicatorsFile, at: place, commit: nil) else { continue }
            queries.merge(
                try SpecFiles.sli(file.bytes, file: "\(place)/\(Self.indicatorsFile)").value.indicators
            ) { $1 }
        }
        return AlertRules(scope: scope, slo: slo, queries: queries, timing: timing)
    }

    /// `alertWindow` and `alertAfter`, which Keptn does not have.
    private static func timing(_ wish: JSON) throws(KeptnError) -> AlertRules.Timing {
        var timing = AlertRules.Timing()
        for (key, path) in [("alertWindow", \AlertRules.Timing.window), ("alertAfter", \AlertRules.Timing.after)] {
            guard let text = wish[key]?.stringValue else { continue }
            guard let duration = Duration(go: text), duration >= .seconds(1), duration <= .seconds(86_400) else {
                throw KeptnError(.invalidInput, "data.\(key) is '\(text)'; a duration from 1s to 24h is needed")
            }
            timing[keyPath: path] = duration
        }
        return timing
    }

    private static func report(_ groups: [AlertRules], _ left: String) -> String {
        let watched = groups.filter { !$0.rules.isEmpty }.map { group in
            "\(group.scope.stage): \(group.rules.map(\.alert).joined(separator: ", "))"
        }
        let leftOut = groups.flatMap { group in group.leftOut.map { "\(group.scope.stage): \($0)" } }
        return "Prometheus watches " + watched.joined(separator: "; ")
            + (leftOut.isEmpty ? "" : ". Not watched: \(leftOut.joined(separator: "; "))")
            + (left.isEmpty ? "" : ". \(left)")
    }

    private func answer(to event: CloudEvent, _ result: KeptnResult, _ message: String) -> CloudEvent {
        let status = result == .fail ? KeptnStatus.errored : .succeeded
        return CloudEvent(
            keptn: .task(name: "configure-monitoring", kind: .finished), id: "\(event.id)-configured",
            source: Self.name, time: time.now, context: event.keptnContext ?? event.id, triggeredID: event.id,
            data: [
                "project": event.json?["project"], "service": event.json?["service"],
                "status": .string(status.rawValue), "result": .string(result.rawValue), "message": .string(message),
            ])
    }
}

extension String {
    fileprivate var utf8Bytes: [UInt8] { Array(utf8) }
}
