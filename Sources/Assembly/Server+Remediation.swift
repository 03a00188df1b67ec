import ConfigurationService
import FoundationEssentials
import MonitoringService
import Ports
import ProcessRuntime
import RemediationService
import RemoteClients

/// What repairs services, and what has them watched.
extension Server {
    /// Of the data folder: what the programs of actions write.
    static let commandsFolder = "commands"

    static func remediationService(_ base: Base, _ proxy: HTTPProxy) throws -> RemediationService {
        let configuration = base.configuration
        for program in configuration.commandsAllowed where !program.hasPrefix("/") {
            throw KeptnError(.invalidInput, "--allow-command \(program): the full path of a program is needed")
        }
        // A name of its own: process-service stops what runs under its name and is not known to it.
        let processes = LocalProcesses(name: "\(base.home.path)#commands", time: base.time)
        return RemediationService(
            .init(
                configuration: base.files, log: base.store, queries: base.store, faults: proxy,
                flags: FlagFiles(folder: try base.home.subfolder("flags"), ids: base.ids), secrets: base.secrets,
                webhooks: WebhookClient(policy: try configuration.webhookTargets()),
                commands: LocalCommands(
                    allowed: configuration.commandsAllowed, processes: processes,
                    folder: try base.home.subfolder(commandsFolder), time: base.time),
                patience: configuration.actionPatience, time: base.time, logger: base.logger))
    }

    static func monitoringService(
        _ base: Base, ownAddress: @escaping @Sendable () -> String
    ) throws -> MonitoringService {
        let configuration = base.configuration
        let reload: PrometheusFolder.Reload =
            if let url = configuration.prometheusURL {
                .post(url: url, by: base.web)
            } else if let file = configuration.prometheusPIDFile {
                .signal(pidFile: file)
            } else {
                .nothing
            }
        let files = configuration.prometheusFolder.map {
            PrometheusFolder(folder: $0, reload: reload, ids: base.ids, time: base.time)
        }
        return MonitoringService(
            configuration: base.files,
            projectNames: { [files = base.files] in try await files.projectNames() }, files: files,
            prometheusURL: configuration.prometheusURL, ownAddress: ownAddress, time: base.time, logger: base.logger)
    }
}
