import KeptnModel
import Ports

/// Where a project's stages lie in its repository (K §2.4). Every commit tells it by the `metadata.yaml` at its root,
/// so that an old commit stays readable after a migration.
package enum Layout: Sendable, Hashable {
    /// A branch for each stage, besides the default branch with the project's own files.
    case branches
    /// A folder for each stage on the default branch, in `.keptn-stages`.
    case folders

    static let stagesFolder = ".keptn-stages"

    /// What the place's stage begins with; nil for the root of the branch.
    func folder(ofStage stage: String?) throws(KeptnError) -> RepositoryPath? {
        guard self == .folders, let stage else { return nil }
        return try RepositoryPath(Self.stagesFolder).appending(try RepositoryPath(stage))
    }

    func branch(of place: ConfigurationPlace, default defaultBranch: String) -> String {
        self == .folders ? defaultBranch : place.stage ?? defaultBranch
    }
}

extension ConfigurationService {
    func layout(at commit: String, of project: String) async throws -> Layout {
        try await recentLayouts.value(CommitKey(project: project, commit: commit)) {
            try await metadata(at: commit, of: project)?.layout ?? .branches
        }
    }

    /// What the root of a branch says of itself; nil where that cannot be read.
    func metadata(at commit: String, of project: String) async throws -> Metadata? {
        let path = try Metadata.path(in: nil)
        guard let bytes = try await read(path, at: commit, of: project) else { return nil }
        return try? Metadata(reading: bytes, file: path.text)
    }

    /// The branches that belong to the project: after a migration those of its stages are history.
    func ownBranches(of project: String) async throws -> [String] {
        let tip = try await tip(of: ConfigurationPlace(project: project))
        guard try await layout(at: tip, of: project) == .branches else { return [defaultBranch] }
        return try await files.branches(of: project)
    }

    /// Whether the folder is there that a stage has in the folder layout.
    func hasFolder(ofStage stage: String, at commit: String, of project: String) async throws -> Bool {
        guard Names.problem(stage: stage) == nil, let folder = try? Layout.folders.folder(ofStage: stage) else {
            return false
        }
        return try await read(try Metadata.path(in: folder), at: commit, of: project) != nil
    }
}

/// The way from branches to folders.
extension ConfigurationService {
    /// Everything is held in memory once.
    private static let migrationBytesMax = 256 << 20

    /// Copies the newest files of all stages into folders of the default branch, in one commit. The stages' branches
    /// stay, as sequences under way read from them. Does nothing when it was done before.
    func migrate(_ project: String) async throws {
        let place = ConfigurationPlace(project: project)
        _ = try await change(place, "migrated to the directory structure") { tip in
            guard try await layout(at: tip, of: project) == .branches else { return nil }
            let path = try Metadata.path(in: nil)
            let bytes = try await read(path, at: tip, of: project) ?? []
            let createdAt = (try? Metadata(reading: bytes, file: path.text))?.createdAt ?? time.now
            var changes = [path: FileChange.write(Metadata.file(of: place, createdAt: createdAt, layout: .folders))]
            var room = Self.migrationBytesMax
            for stage in try await stages(of: project, at: tip) {
                try await copy(stage, of: project, into: &changes, room: &room)
            }
            return changes
        }
    }

    private func copy(
        _ stage: String, of project: String, into changes: inout [RepositoryPath: FileChange], room: inout Int
    ) async throws {
        guard let folder = try Layout.folders.folder(ofStage: stage),
            let head = try await files.head(of: stage, in: project)
        else { throw KeptnError(.conflict, "project '\(project)' has no branch for its stage '\(stage)'") }
        for path in try await files.paths(under: nil, at: head, in: project) {
            guard let bytes = try await files.read(path, at: head, in: project) else { continue }
            room -= bytes.count
            guard room >= 0 else {
                throw KeptnError(
                    .tooLarge,
                    "project '\(project)' has more than \(Self.migrationBytesMax) bytes in its stages; move "
                        + "them with git")
            }
            changes[folder.appending(path)] = .write(bytes)
        }
    }
}
