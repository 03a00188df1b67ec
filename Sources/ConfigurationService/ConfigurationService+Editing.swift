import CloudEvents
import KeptnModel
import Logging
package import Ports
import SpecFiles

/// The writing side. Every change is decided on the tip that it is committed on: when somebody else was faster, it is
/// decided again.
extension ConfigurationService {
    private static let attemptsMax = 5

    package func createService(_ name: String, in project: String) async throws {
        if let problem = Names.problem(service: name) {
            throw KeptnError(.invalidInput, "'\(name)' cannot be a service's name: \(problem)")
        }
        _ = try RepositoryPath(name)
        var isNew = false
        for stage in try await stages(of: project) {
            let place = ConfigurationPlace(project: project, stage: stage, service: name)
            let made = try await change(place, "Added service: \(name)") { tip in
                let folder = try await folder(for: place, at: tip)
                guard try await !isService(folder, at: tip, of: project) else { return nil }
                return [try Metadata.path(in: folder): newMetadata(of: place)]
            }
            guard let made else { continue }
            isNew = true
            try await noteService(place, at: made)
        }
        // In some stages only, it was left behind by a creation that was interrupted: that is complete now.
        guard isNew else {
            throw KeptnError(.conflict, "service '\(name)' exists already in project '\(project)'")
        }
    }

    package func deleteService(_ name: String, in project: String) async throws {
        var wasThere = false
        for stage in try await stages(of: project) {
            guard Self.canBeService(name) else { break }
            let place = ConfigurationPlace(project: project, stage: stage, service: name)
            let removed = try await change(place, "Removed service: \(name)") { tip in
                let folder = try await folder(for: place, at: tip)
                return try await isService(folder, at: tip, of: project) ? [folder: .remove] : nil
            }
            if removed != nil { wasThere = true }
        }
        guard wasThere else {
            throw KeptnError(.notFound, "project '\(project)' has no service '\(name)'")
        }
    }

    package func write(
        _ files: [(path: String, bytes: [UInt8])], at place: ConfigurationPlace
    ) async throws -> String {
        guard !files.isEmpty else { throw KeptnError(.invalidInput, "there is no file to write") }
        var writes: [RepositoryPath: FileChange] = [:]
        for (path, bytes) in files {
            let path = try Self.path(path)
            try checkIsUsers(path, at: place)
            try FileCheck.refuseUnusable(bytes, path)
            guard writes.updateValue(.write(bytes), forKey: path) == nil else {
                throw KeptnError(.invalidInput, "'\(path)' is in the list twice")
            }
        }
        var shipyard: Shipyard?
        if place.stage == nil, case .write(let bytes)? = writes[try RepositoryPath(Self.shipyardFile)] {
            _ = try await tip(of: place)
            shipyard = try read(shipyard: bytes, of: place.project)
        }
        let (unpacked, charts) = try await unpacked(writes, at: place)
        let written = try await change(place, "Updated resource") { tip in
            if let shipyard { try await checkKeepsStages(shipyard, of: place.project, at: tip) }
            return try await inFolder(of: place, at: tip, unpacked, replacing: charts)
        }
        guard let written else { throw KeptnError(.internalFailure, "nothing was written to \(place)") }
        return written
    }

    package func delete(_ path: String, at place: ConfigurationPlace) async throws -> String {
        let path = try Self.path(path)
        try checkIsUsers(path, at: place)
        if place.stage == nil, path.text == Self.shipyardFile {
            throw KeptnError(.invalidInput, "a project cannot be without its \(Self.shipyardFile)")
        }
        let deleted = try await change(place, "Deleted resources") { tip in
            let chart = try await chartFiles(path, at: place, in: try await folder(of: place, at: tip), tip)
            guard chart.isEmpty else { return Dictionary(uniqueKeysWithValues: chart.map { ($0, .remove) }) }
            let removal = try await inFolder(of: place, at: tip, [path: .remove])
            for full in removal.keys where try await read(full, at: tip, of: place.project) == nil { return nil }
            return removal
        }
        guard let deleted else { throw KeptnError(.notFound, "there is no file '\(path)' at \(place)") }
        return deleted
    }
}

extension ConfigurationService {
    /// Commits what `decide` makes of the newest commit, and decides again when another commit came between. Nil when
    /// it decides for nothing.
    func change(
        _ place: ConfigurationPlace, _ message: String,
        _ decide: (_ tip: String) async throws -> [RepositoryPath: FileChange]?
    ) async throws -> String? {
        try await turns.with(place.project) { try await changeNow(place, message, decide) }
    }

    private func changeNow(
        _ place: ConfigurationPlace, _ message: String,
        _ decide: (_ tip: String) async throws -> [RepositoryPath: FileChange]?
    ) async throws -> String? {
        var branch = ""
        for _ in 0..<Self.attemptsMax {
            let tip = try await tip(of: place)
            guard let changes = try await decide(tip) else { return nil }
            branch = try await layout(at: tip, of: place.project).branch(of: place, default: defaultBranch)
            do {
                let committed = try await files.commit(
                    try commit(message, changes), to: branch, in: place.project, expecting: tip)
                await links?.changed(place.project)
                return committed
            } catch let error as KeptnError where error.code == .conflict {
                continue
            }
        }
        throw KeptnError(
            .conflict,
            "others were faster to change branch '\(branch)' of project '\(place.project)' "
                + "\(Self.attemptsMax) times in a row; nothing was changed")
    }

    func commit(
        _ message: String, _ changes: [RepositoryPath: FileChange]
    ) throws(KeptnError) -> NewCommit {
        try NewCommit(message: message, author: .keptn, time: time.now, changes: changes)
    }

    func newMetadata(of place: ConfigurationPlace, _ layout: Layout = .branches) -> FileChange {
        .write(Metadata.file(of: place, createdAt: time.now, layout: layout))
    }

    private func stages(of project: String) async throws -> [String] {
        try await stages(of: project, at: tip(of: ConfigurationPlace(project: project)))
    }

    /// The stages of the shipyard; of a shipyard that cannot be used, the branches or folders.
    func stages(of project: String, at tip: String) async throws -> [String] {
        if let shipyard = try await usableShipyard(of: project, at: tip) { return shipyard.stages.map(\.name) }
        if try await layout(at: tip, of: project) == .folders {
            return try await files.entries(of: try RepositoryPath(Layout.stagesFolder), at: tip, in: project).map(
                \.name)
        }
        return try await files.branches(of: project).filter { $0 != defaultBranch }
    }

    func read(shipyard bytes: [UInt8], of project: String) throws(InvalidFile) -> Shipyard {
        let parsed = try SpecFiles.shipyard(bytes, file: Self.shipyardFile)
        for warning in parsed.warnings {
            logger.warning(
                "doubtful spot in a shipyard", metadata: ["keptn.project": "\(project)", "diagnostic": "\(warning)"])
        }
        return parsed.value
    }

    func checkKeepsStages(_ shipyard: Shipyard, of project: String, at tip: String) async throws {
        let before = try await stages(of: project, at: tip)
        let after = shipyard.stages.map(\.name)
        guard Set(before) == Set(after) else {
            throw KeptnError(
                .invalidInput,
                "stage name cannot be changed or removed: project '\(project)' has the stages "
                    + "\(before.joined(separator: ", ")), the new shipyard has \(after.joined(separator: ", "))")
        }
    }

    /// Keptn's own metadata is no resource: without it the place would be gone.
    private func checkIsUsers(_ path: RepositoryPath, at place: ConfigurationPlace) throws {
        let parts = path.parts
        let isInServiceFolder = place.stage != nil && place.service == nil && parts.count == 2
        guard parts.last == Metadata.fileName, parts.count == 1 || isInServiceFolder else { return }
        throw KeptnError(.invalidInput, "'\(path)' at \(place) is written by Keptn itself; choose another name")
    }

    /// The changes with their paths from the branch's root on. Throws `.notFound` for an unknown service.
    private func inFolder(
        of place: ConfigurationPlace, at tip: String, _ changes: [RepositoryPath: FileChange],
        replacing folders: [RepositoryPath] = []
    ) async throws -> [RepositoryPath: FileChange] {
        guard let folder = try await folder(of: place, at: tip) else {
            if place.stage == nil { try await checkIsProjects(changes, of: place.project, at: tip) }
            return changes
        }
        var all = Dictionary(uniqueKeysWithValues: changes.map { (folder.appending($0.key), $0.value) })
        for replaced in folders.map(folder.appending) {
            for path in try await files.paths(under: replaced, at: tip, in: place.project) where all[path] == nil {
                all[path] = .remove
            }
        }
        return all
    }

    /// Stages' files are written to the stage, wherever it lies.
    private func checkIsProjects(
        _ changes: [RepositoryPath: FileChange], of project: String, at tip: String
    ) async throws {
        guard try await layout(at: tip, of: project) == .folders,
            let path = changes.keys.first(where: { $0.parts.first == Layout.stagesFolder })
        else { return }
        throw KeptnError(.invalidInput, "'\(path)' is a stage's: write it to the stage")
    }
}
