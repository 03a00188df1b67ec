package import Ports

extension ConfigurationService {
    /// So many of the newest commits are looked at for those that changed a file.
    private static let commitsMax = 500

    package func history(of path: String, at place: ConfigurationPlace, limit: Int) async throws -> [FileRevision] {
        let path = try Self.path(path)
        let tip = try await tip(of: place)
        let folder = try await folder(of: place, at: tip)
        let full = folder?.appending(path) ?? path
        let branch = try await layout(at: tip, of: place.project).branch(of: place, default: defaultBranch)
        var revisions: [FileRevision] = []
        var newer: (commit: CommitRecord, bytes: [UInt8]?)?
        for commit in try await files.log(of: branch, in: place.project, limit: Self.commitsMax) {
            let bytes = try await files.read(full, at: commit.id, in: place.project)
            if let newer, newer.bytes != bytes { revisions.append(FileRevision(newer.commit, newer.bytes)) }
            guard revisions.count < limit else { return revisions }
            newer = (commit, bytes)
        }
        // The first commit of all made what it has.
        if let newer, newer.commit.parent == nil, newer.bytes != nil {
            revisions.append(FileRevision(newer.commit, newer.bytes))
        }
        return revisions
    }
}

extension FileRevision {
    fileprivate init(_ commit: CommitRecord, _ bytes: [UInt8]?) {
        self.init(
            commit: commit.id, time: commit.time, author: commit.author.name, message: commit.message,
            isDeletion: bytes == nil)
    }
}
