import CloudEvents
import Core
import KeptnKit
import KeptnModel
import Logging
import Ports
import SpecFiles

/// Rules of services that are gone, and those that lie under the names of older versions.
extension MonitoringService {
    package static let serviceDeleted = "sh.keptn.event.service.delete.finished"
    package static let projectDeleted = "sh.keptn.event.project.delete.finished"

    func noteDeletion(_ event: CloudEvent) async throws -> [CloudEvent] {
        guard let files, let project = event.json?["project"]?.stringValue else { return [] }
        let service = event.json?["service"]?.stringValue
        let found = try await files.alertRules { name in
            guard let service else { return name.hasPrefix("\(project).") || name.hasPrefix("\(project)-") }
            let owner = AlertRules.Owner(project: project, service: service)
            return name == owner.fileName || name == owner.oldFileName
        }
        let wanted = ours(among: found).filter { owned in
            owned.owner.project == project && (service == nil || owned.owner.service == service)
        }
        try await tidy(wanted, in: files)
        return []
    }

    /// All that lies there. It keeps nobody from starting.
    func tidyUp() async {
        guard let files else { return }
        do {
            // Without any project, their folder rather is missing than everything deleted.
            guard try await !projectNames().isEmpty else { return }
            try await tidy(ours(among: try await files.alertRules { _ in true }), in: files)
        } catch {
            logger.warning("alert rules of deleted services may be left", metadata: ["error.message": "\(error)"])
        }
    }

    /// Throws `KeptnError.conflict` when the file that the rules would have is somebody else's.
    ///
    /// - Returns: The name that they had in an older version, if it is in use.
    func freeName(for owner: AlertRules.Owner, in files: any MonitoringFiles) async throws -> [String] {
        let names = [owner.fileName, owner.oldFileName]
        let found = try await files.alertRules { names.contains($0) }
        let owned = ours(among: found)
        if let foreign = found.first(where: { file in
            file.name == owner.fileName && !owned.contains { $0.file.name == file.name && $0.owner == owner }
        }) {
            throw KeptnError(
                .conflict,
                "rules/\(foreign.name) has groups that Keptn did not write: move them to a file of another name, and "
                    + "remove this one")
        }
        return owned.filter { $0.owner == owner && $0.file.name == owner.oldFileName }.map(\.file.name)
    }

    func isThere(_ owner: AlertRules.Owner) async throws -> Bool {
        do {
            for stage in try await configuration.shipyard(of: owner.project, commit: nil).shipyard.stages {
                let services = try await configuration.services(project: owner.project, stage: stage.name)
                if services.contains(where: { $0.name == owner.service }) { return true }
            }
            return false
        } catch let error as KeptnError where error.code == .notFound {
            return false
        }
    }

    private typealias Owned = (file: MonitoringFile, owner: AlertRules.Owner)

    private func ours(among files: [MonitoringFile]) -> [Owned] {
        files.compactMap { file in
            guard let document = try? SpecFiles.json(file.bytes, file: file.name),
                let owner = AlertRules.owner(of: document),
                file.name == owner.fileName || file.name == owner.oldFileName
            else { return nil }
            return (file, owner)
        }
    }

    private func tidy(_ found: [Owned], in files: any MonitoringFiles) async throws {
        var (renamed, removed): ([MonitoringFile], [String]) = ([], [])
        for (file, owner) in found {
            guard try await isThere(owner) else {
                removed.append(file.name)
                continue
            }
            guard file.name != owner.fileName else { continue }
            removed.append(file.name)
            guard try await files.alertRules(named: { $0 == owner.fileName }).isEmpty else { continue }
            renamed.append(MonitoringFile(.alertRules, name: owner.fileName, bytes: file.bytes))
        }
        guard !removed.isEmpty else { return }
        let left = try await files.install(renamed, removing: removed)
        logger.info(
            "alert rules were removed", metadata: ["files": "\(removed.joined(separator: ", "))", "left": "\(left)"])
    }
}
