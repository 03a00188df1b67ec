import CloudEvents
import Synchronization

/// Repositories in a dictionary, each commit a whole copy of the files.
package final class InMemoryVersionedFiles: VersionedFiles {
    typealias Files = [RepositoryPath: [UInt8]]

    struct Repository {
        var commits: [String: (record: CommitRecord, files: Files)] = [:]
        var branches: [String: String] = [:]

        /// The commit itself and all before it.
        func ancestry(of commit: String?) -> Set<String> {
            var found: Set<String> = []
            var next = commit
            while let id = next {
                found.insert(id)
                next = commits[id]?.record.parent
            }
            return found
        }
    }

    private struct State {
        var repositories: [String: Repository] = [:]
        var commitCount = 0
    }

    private let state = Mutex(State())
    private let firstDigit: Character

    /// - Parameter firstDigit: of all commit ids, to tell the commits of two such stores apart.
    package init(firstDigit: Character = "0") { self.firstDigit = firstDigit }

    package func repositories() async throws -> [String] { state.withLock { $0.repositories.keys.sorted() } }

    package func create(_ repository: String, root: NewCommit, branches: [NewBranch]) async throws {
        try RepositoryNames.check(repository: repository)
        for branch in branches { try RepositoryNames.check(branch: branch.name) }
        try state.withLock { state in
            guard state.repositories[repository] == nil else {
                throw KeptnError(.conflict, "repository '\(repository)' exists already")
            }
            var new = Repository()
            let rootID = try add(root, onto: nil, &new, &state.commitCount)
            for branch in branches {
                new.branches[branch.name] = try add(branch.commit, onto: rootID, &new, &state.commitCount)
            }
            state.repositories[repository] = new
        }
    }

    package func remove(_ repository: String) async throws {
        guard state.withLock({ $0.repositories.removeValue(forKey: repository) }) != nil else {
            throw Self.unknown(repository)
        }
    }

    package func branches(of repository: String) async throws -> [String] {
        try load(repository).branches.keys.sorted()
    }

    package func head(of branch: String, in repository: String) async throws -> String? {
        try load(repository).branches[branch]
    }

    package func contains(_ commit: String, branch: String, in repository: String) async throws -> Bool {
        let repository = try load(repository, with: commit)
        var next = repository.branches[branch]
        while let id = next, id != commit { next = repository.commits[id]?.record.parent }
        return next != nil
    }

    package func read(_ path: RepositoryPath, at commit: String, in repository: String) async throws -> [UInt8]? {
        try files(of: commit, in: repository)[path]
    }

    package func size(of path: RepositoryPath, at commit: String, in repository: String) async throws -> Int? {
        try files(of: commit, in: repository)[path]?.count
    }

    package func paths(
        under folder: RepositoryPath?, at commit: String, in repository: String
    ) async throws -> [RepositoryPath] {
        let paths = try files(of: commit, in: repository).keys.sorted()
        guard let folder else { return paths }
        return paths.filter { $0.isBelow(folder) }
    }

    package func entries(
        of folder: RepositoryPath?, at commit: String, in repository: String
    ) async throws -> [FolderEntry] {
        let files = try files(of: commit, in: repository)
        var kinds: [RepositoryPath: FolderEntry.Kind] = [:]
        for (path, bytes) in files {
            guard let rest = folder.map({ path.relative(to: $0) }) ?? path else { continue }
            kinds[rest.folders.first ?? rest] = rest.folders.isEmpty ? .file(bytes: bytes.count) : .folder
        }
        return kinds.sorted { $0.key < $1.key }.compactMap { name, kind in
            Self.content(of: folder?.appending(name) ?? name, in: files)
                .map { FolderEntry(name: name.text, kind: kind, content: $0) }
        }
    }

    package func content(of path: RepositoryPath, at commit: String, in repository: String) async throws -> String? {
        Self.content(of: path, in: try files(of: commit, in: repository))
    }

    private static func content(of path: RepositoryPath, in files: Files) -> String? {
        if let bytes = files[path] { return "file \(bytes.hashValue)" }
        let inside = files.compactMap { file, bytes in file.relative(to: path).map { ($0, bytes) } }
        let all = Dictionary(uniqueKeysWithValues: inside)
        return all.isEmpty ? nil : "folder \(all.hashValue)"
    }

    package func commit(
        _ new: NewCommit, to branch: String, in repository: String, expecting tip: String?
    ) async throws -> String {
        try RepositoryNames.check(branch: branch)
        return try state.withLock { state in
            guard var changed = state.repositories[repository] else { throw Self.unknown(repository) }
            guard changed.branches[branch] == tip else {
                throw KeptnError(.conflict, "branch '\(branch)' of '\(repository)' has moved")
            }
            let id = try add(new, onto: tip, &changed, &state.commitCount)
            changed.branches[branch] = id
            state.repositories[repository] = changed
            return id
        }
    }

    package func log(of branch: String, in repository: String, limit: Int) async throws -> [CommitRecord] {
        let repository = try load(repository)
        var records: [CommitRecord] = []
        var next = repository.branches[branch]
        while records.count < limit, let id = next, let record = repository.commits[id]?.record {
            records.append(record)
            next = record.parent
        }
        return records
    }
}

extension InMemoryVersionedFiles {
    /// Empty for an unknown repository.
    func history(of repository: String) -> Repository {
        state.withLock { $0.repositories[repository] } ?? Repository()
    }

    func replace(_ repository: String, by history: Repository) {
        state.withLock { $0.repositories[repository] = history }
    }

    private func load(_ repository: String, with commit: String? = nil) throws -> Repository {
        guard let found = state.withLock({ $0.repositories[repository] }) else { throw Self.unknown(repository) }
        if let commit, found.commits[commit] == nil {
            throw KeptnError(.notFound, "there is no commit '\(commit)' in repository '\(repository)'")
        }
        return found
    }

    private func files(of commit: String, in repository: String) throws -> Files {
        try load(repository, with: commit).commits[commit]?.files ?? [:]
    }

    private func add(
        _ new: NewCommit, onto parent: String?, _ repository: inout Repository, _ commitCount: inout Int
    ) throws -> String {
        let before = parent.flatMap { repository.commits[$0]?.files } ?? [:]
        let files = try Self.apply(new.changes, to: before)
        if let parent, files == before { return parent }
        commitCount += 1
        let digits = String(commitCount, radix: 16)
        let id = "\(firstDigit)" + String(repeating: "0", count: 39 - digits.count) + digits
        let time = Timestamp(seconds: new.time.milliseconds / 1000)
        let record = CommitRecord(id: id, parent: parent, message: new.message, author: new.author, time: time)
        repository.commits[id] = (record, files)
        return id
    }

    private static func apply(_ changes: [RepositoryPath: FileChange], to before: Files) throws -> Files {
        var files = before
        for (path, change) in changes {
            switch change {
            case .remove:
                for file in before.keys where file == path || file.isBelow(path) { files[file] = nil }
            case .write(let bytes):
                if before.keys.contains(where: { $0.isBelow(path) }) {
                    throw KeptnError(.invalidInput, "'\(path)' cannot be a file: there is a folder of that name")
                }
                if let file = path.folders.first(where: { before[$0] != nil }) {
                    throw KeptnError(.invalidInput, "'\(path)' cannot be written: '\(file)' is a file, not a folder")
                }
                files[path] = bytes
            }
        }
        return files
    }

    private static func unknown(_ repository: String) -> KeptnError {
        KeptnError(.notFound, "there is no repository '\(repository)'")
    }
}
