import CloudEvents
package import KeptnModel
package import Logging
package import Ports
import SpecFiles

/// The configuration of projects in Git (K §2.4): a repository for each project, whose default branch holds the
/// project's own files, a branch or folder for each stage, and in it a folder for each service. Nothing is kept beside
/// Git, but for an index that may be lost.
///
/// Files at a commit never change, so they are remembered; which commit is the newest is asked anew every time.
package final class ConfigurationService: ConfigurationEditing {
    static let shipyardFile = "shipyard.yaml"

    let files: any VersionedFiles
    let time: any TimeSource
    let defaultBranch: String
    let logger: Logger
    let upstreams: Upstreams?
    let links: UpstreamLinks?
    let turns = ProjectTurns()
    let charts: (any ChartArchives)?
    let index: (any ServiceIndex)?
    /// Of projects that are created here.
    let newLayout: Layout

    private struct FileKey: Hashable, Sendable {
        var project: String
        var commit: String
        var path: RepositoryPath
    }

    struct CommitKey: Hashable, Sendable {
        var project: String
        var commit: String
    }

    private struct StageKey: Hashable, Sendable {
        var project: String
        var stage: String
        var commit: String
    }

    private let recentFiles = RecentValues<FileKey, [UInt8]?>(costMax: 8 << 20) { ($0?.count ?? 0) + 256 }
    private let recentShipyards = RecentValues<CommitKey, Result<Shipyard, InvalidFile>>(costMax: 256)
    private let recentServices = RecentValues<StageKey, [ServiceEntry]>(costMax: 50_000) { $0.count + 1 }
    let recentLayouts = RecentValues<CommitKey, Layout>(costMax: 10_000)
    private let projectCommits = RecentValues<CommitKey, Bool>(costMax: 10_000)
    /// Commits to which runs in a stage are pinned, while the stage was there. Stages go only with their project.
    private let pins = RecentValues<StageKey, Bool>(costMax: 10_000)

    /// - Parameters:
    ///   - upstreams: nil for a server without Git upstreams.
    ///   - charts: nil for a server that keeps Helm's charts as they come.
    ///   - index: without one, all folders of a stage are looked into again after each of its commits.
    ///   - defaultBranch: the branch of a project's own files; `master` in Keptn (`DEFAULT_REMOTE_GIT_BRANCH`).
    ///   - newLayout: of projects that are created from now on (`DIRECTORY_STAGE_STRUCTURE`).
    package init(
        files: any VersionedFiles, upstreams: Upstreams? = nil, charts: (any ChartArchives)? = nil,
        index: (any ServiceIndex)? = nil, time: any TimeSource, defaultBranch: String = "master",
        newLayout: Layout = .branches, logger: Logger
    ) {
        self.files = files
        self.upstreams = upstreams
        links = upstreams.map { UpstreamLinks($0, time: time) }
        self.charts = charts
        self.index = index
        self.newLayout = newLayout
        self.time = time
        self.defaultBranch = defaultBranch
        self.logger = logger
    }

    package func file(
        _ path: String, at place: ConfigurationPlace, commit: String?
    ) async throws -> ConfigurationFile? {
        let path = try Self.path(path)
        let (commit, folder) = try await locate(place, commit)
        var bytes = try await packedChart(path, at: place, in: folder, commit)
        if bytes == nil { bytes = try await read(folder?.appending(path) ?? path, at: commit, of: place.project) }
        return bytes.map { ConfigurationFile(path: path.text, bytes: $0, commit: commit) }
    }

    package func head(of place: ConfigurationPlace) async throws -> String {
        try await locate(place, nil).commit
    }

    package func services(project: String, stage: String) async throws -> [ServiceEntry] {
        let place = ConfigurationPlace(project: project, stage: stage)
        let tip = try await tip(of: place)
        return try await recentServices.value(StageKey(project: project, stage: stage, commit: tip)) {
            try await readServices(project: project, stage: stage, at: tip)
        }
    }

    package func hasService(_ scope: Scope) async throws -> Bool {
        let tip = try await tip(of: ConfigurationPlace(project: scope.project, stage: scope.stage))
        guard Self.canBeService(scope.service) else { return false }
        let folder = try await folder(for: ConfigurationPlace(scope), at: tip)
        return try await isService(folder, at: tip, of: scope.project)
    }

    package func shipyard(
        of project: String, commit: String?
    ) async throws -> (shipyard: Shipyard, commit: String) {
        let commit = try await locate(ConfigurationPlace(project: project), commit).commit
        let key = CommitKey(project: project, commit: commit)
        let parsed = try await recentShipyards.value(key) {
            let bytes = try await shipyardBytes(of: project, at: commit)
            return Result { () throws(InvalidFile) in
                try SpecFiles.shipyard(bytes, file: Self.shipyardFile).value
            }
        }
        return (try parsed.get(), commit)
    }

    package func list(
        _ place: ConfigurationPlace, commit: String?
    ) async throws -> (paths: [String], commit: String) {
        let (commit, folder) = try await locate(place, commit)
        let paths = try await files.paths(under: folder, at: commit, in: place.project)
        guard let folder else {
            // Stages have lists of their own.
            let isStages = try await layout(at: commit, of: place.project) == .folders && place.stage == nil
            let shown = isStages ? paths.filter { $0.parts.first != Layout.stagesFolder } : paths
            return (shown.map(\.text), commit)
        }
        return (paths.compactMap { $0.relative(to: folder)?.text }, commit)
    }

    package func projectNames() async throws -> [String] { try await files.repositories() }

    package func projects() async throws -> [ProjectEntry] {
        var projects: [ProjectEntry] = []
        for name in try await files.repositories() {
            do {
                projects.append(try await project(name))
            } catch let error as KeptnError {
                // One broken repository must not hide the others.
                logger.error(
                    "project cannot be read",
                    metadata: ["keptn.project": "\(name)", "error": "\(error)", "error.code": "\(error.code)"])
            }
        }
        return projects
    }

    /// A shipyard that cannot be used, as somebody committed it past Keptn, is shown as one without stages.
    package func project(_ name: String) async throws -> ProjectEntry {
        let commit = try await tip(of: ConfigurationPlace(project: name))
        let bytes = try await shipyardBytes(of: name, at: commit)
        let metadataPath = try Metadata.path(in: nil)
        let metadata = try await read(metadataPath, at: commit, of: name) ?? []
        return ProjectEntry(
            name: name, createdAt: createdAt(metadata, metadataPath, of: name),
            shipyard: try await usableShipyard(of: name, at: commit) ?? Shipyard(version: "", name: "", stages: []),
            shipyardFile: bytes)
    }
}

// MARK: - Finding and reading

extension ConfigurationService {
    /// Users write a resource's path with or without a leading slash.
    static func path(_ text: String) throws(KeptnError) -> RepositoryPath {
        try RepositoryPath(String(text.drop { $0 == "/" }))
    }

    /// The newest commit of a place's branch. Throws `.notFound` naming the project or the stage that is missing.
    func tip(of place: ConfigurationPlace) async throws -> String {
        let project = place.project
        guard Names.problem(project: project) == nil else { throw Self.unknown(project: project) }
        let tip: String?
        do {
            tip = try await files.head(of: defaultBranch, in: project)
        } catch let error as KeptnError where error.code == .notFound {
            throw Self.unknown(project: project)
        }
        guard let tip else {
            throw KeptnError(.internalFailure, "project '\(project)' has no branch '\(defaultBranch)'")
        }
        guard let stage = place.stage else { return tip }
        switch try await layout(at: tip, of: project) {
        case .folders: if try await hasFolder(ofStage: stage, at: tip, of: project) { return tip }
        case .branches:
            if stage != defaultBranch, let tip = try await files.head(of: stage, in: project) { return tip }
        }
        throw KeptnError(.notFound, "project '\(project)' has no stage '\(stage)'")
    }

    /// Where to read: a sequence is pinned to a commit of its stage's branch. That says nothing about the project's own
    /// files, which live on another branch: of those the newest count.
    func locate(
        _ place: ConfigurationPlace, _ pinned: String?
    ) async throws -> (commit: String, folder: RepositoryPath?) {
        guard let pinned = pinned.wanted else {
            let tip = try await self.tip(of: place)
            return (tip, try await folder(of: place, at: tip))
        }
        if let stage = place.stage {
            _ = try await pins.value(StageKey(project: place.project, stage: stage, commit: pinned)) {
                _ = try await self.tip(of: place)
                return true
            }
            return (pinned, try await folder(of: place, at: pinned))
        }
        let tip = try await self.tip(of: place)
        let isOfItsBranch = pinned == tip ? true : try await isProjectCommit(pinned, of: place.project)
        let commit = isOfItsBranch ? pinned : tip
        return (commit, try await folder(of: place, at: commit))
    }

    /// The project is gone: whoever asks for its pinned commits has to hear that.
    func forgetPins() { pins.removeAll() }

    private func isProjectCommit(_ commit: String, of project: String) async throws -> Bool {
        try await projectCommits.value(CommitKey(project: project, commit: commit)) {
            try await naming(commit, of: project) {
                // Else the whole history would be walked for each new commit of a stage.
                if try await metadata(at: commit, of: project)?.isOfStage == true { return false }
                return try await files.contains(commit, branch: defaultBranch, in: project)
            }
        }
    }

    /// Where the files of a place lie at a commit; nil at the root. Throws `.notFound` for an unknown service.
    func folder(of place: ConfigurationPlace, at commit: String) async throws -> RepositoryPath? {
        guard let service = place.service else {
            return try await layout(at: commit, of: place.project).folder(ofStage: place.stage)
        }
        if Self.canBeService(service) {
            let folder = try await self.folder(for: place, at: commit)
            if try await isService(folder, at: commit, of: place.project) { return folder }
        }
        throw KeptnError(
            .notFound, "stage '\(place.stage ?? "")' of project '\(place.project)' has no service '\(service)'")
    }

    static func canBeService(_ name: String) -> Bool {
        Names.problem(service: name) == nil && (try? RepositoryPath(name)) != nil
    }

    /// Where a service lies, or would.
    func folder(for place: ConfigurationPlace, at commit: String) async throws -> RepositoryPath {
        let name = try RepositoryPath(place.service ?? "")
        let stage = try await layout(at: commit, of: place.project).folder(ofStage: place.stage)
        return stage?.appending(name) ?? name
    }

    func isService(_ folder: RepositoryPath, at commit: String, of project: String) async throws -> Bool {
        try await read(try Metadata.path(in: folder), at: commit, of: project) != nil
    }

    func read(_ path: RepositoryPath, at commit: String, of project: String) async throws -> [UInt8]? {
        try await recentFiles.value(FileKey(project: project, commit: commit, path: path)) {
            try await naming(commit, of: project) { try await files.read(path, at: commit, in: project) }
        }
    }

    /// Says of a commit that is not there whose it would be, in the user's words.
    private func naming<Value: Sendable>(
        _ commit: String, of project: String, _ read: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await read()
        } catch let error as KeptnError where error.code == .notFound {
            throw KeptnError(.notFound, "project '\(project)' has no commit '\(commit)'")
        }
    }

    /// Nil when it cannot be used; the log tells why.
    func usableShipyard(of project: String, at commit: String) async throws -> Shipyard? {
        do {
            return try await shipyard(of: project, commit: commit).shipyard
        } catch let error as InvalidFile {
            logger.warning(
                "the project's shipyard cannot be used",
                metadata: ["keptn.project": "\(project)", "error": "\(error)"])
            return nil
        }
    }

    private func shipyardBytes(of project: String, at commit: String) async throws -> [UInt8] {
        guard let bytes = try await read(try RepositoryPath(Self.shipyardFile), at: commit, of: project) else {
            throw KeptnError(.notFound, "project '\(project)' has no \(Self.shipyardFile)")
        }
        return bytes
    }

    /// 1970 when the file does not tell.
    func createdAt(_ metadata: [UInt8], _ path: RepositoryPath, of project: String) -> Timestamp {
        let createdAt = (try? Metadata(reading: metadata, file: path.text))?.createdAt
        if createdAt == nil {
            logger.warning(
                "metadata without a creation time", metadata: ["keptn.project": "\(project)", "file": "\(path)"])
        }
        return createdAt ?? Timestamp(seconds: 0)
    }

    static func unknown(project: String) -> KeptnError {
        KeptnError(.notFound, "there is no project '\(project)'")
    }
}
