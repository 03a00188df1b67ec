import CloudEvents
package import Ports
import Testing

/// What every implementation of `GitUpstreams` promises.
package enum GitUpstreamsContract {
    /// An empty upstream, the ways into it, and somebody else who commits there.
    package struct World: Sendable {
        package var files: any VersionedFiles
        package var upstreams: any GitUpstreams
        package var upstream: GitCredentials
        /// The right URL, and a token or key that it does not take.
        package var refused: GitCredentials
        /// The URL of a repository that does not exist.
        package var unknown: GitCredentials
        package var commitThere: @Sendable (_ branch: String, _ file: String) async throws -> Void

        package init(
            files: any VersionedFiles, upstreams: any GitUpstreams, upstream: GitCredentials, refused: GitCredentials,
            unknown: GitCredentials,
            commitThere: @escaping @Sendable (_ branch: String, _ file: String) async throws -> Void
        ) {
            self.files = files
            self.upstreams = upstreams
            self.upstream = upstream
            self.refused = refused
            self.unknown = unknown
            self.commitThere = commitThere
        }
    }

    private static let branches = ["dev", "master"]

    package static func exchange(_ world: World) async throws {
        let (files, git, upstream) = (world.files, world.upstreams, world.upstream)
        try await VersionedFilesContract.sockshop(files)
        #expect(try await git.branches(at: upstream) == [:])
        #expect(try await pull(world) == ["dev": .ahead, "master": .ahead])

        try await git.push(branches, of: "sockshop", to: upstream)
        #expect(try await git.branches(at: upstream) == (try await heads(world)))
        #expect(try await pull(world) == [:])

        // Forward there, forward here.
        try await world.commitThere("dev", "theirs")
        #expect(try await pull(world) == [:])
        #expect(try await git.branches(at: upstream) == (try await heads(world)))
        #expect(try await has("theirs", "dev", world))
        try await commitHere("dev", "ours", world)
        #expect(try await pull(world) == ["dev": .ahead])
        try await git.push(["dev"], of: "sockshop", to: upstream)
        #expect(try await git.branches(at: upstream) == (try await heads(world)))

        // Both: nobody's commit is lost, and the other branch is not held up.
        try await world.commitThere("dev", "one")
        try await commitHere("dev", "another", world)
        try await world.commitThere("master", "one")
        let before = try await git.branches(at: upstream)
        #expect(try await pull(world) == ["dev": .diverged])
        let error = await #expect(throws: KeptnError.self) {
            try await git.push(branches, of: "sockshop", to: upstream)
        }
        #expect(error?.code == .conflict, "\(error?.message ?? "")")
        #expect(try await git.branches(at: upstream) == before)
        #expect(try await has("another", "dev", world))
        #expect(try await has("one", "master", world))
    }

    package static func importing(_ world: World) async throws {
        try await VersionedFilesContract.sockshop(world.files)
        try await world.upstreams.push(branches, of: "sockshop", to: world.upstream)
        try await world.upstreams.fetch(branches, of: world.upstream, asNew: "copy")
        #expect(try await world.files.branches(of: "copy") == branches)
        for branch in branches {
            #expect(
                try await world.files.head(of: branch, in: "copy")
                    == (try await world.files.head(of: branch, in: "sockshop")))
        }
        let error = await #expect(throws: KeptnError.self) {
            try await world.upstreams.fetch(branches, of: world.upstream, asNew: "copy")
        }
        #expect(error?.code == .conflict, "\(error?.message ?? "")")
    }

    package static func refusals(_ world: World) async throws {
        try await VersionedFilesContract.sockshop(world.files)
        for (credentials, code) in [(world.refused, KeptnError.Code.failedDependency), (world.unknown, .notFound)] {
            let calls: [@Sendable () async throws -> Void] = [
                { _ = try await world.upstreams.branches(at: credentials) },
                { _ = try await world.upstreams.pull(branches, of: "sockshop", from: credentials) },
                { try await world.upstreams.push(branches, of: "sockshop", to: credentials) },
                { try await world.upstreams.fetch(branches, of: credentials, asNew: "copy") },
            ]
            for call in calls {
                let error = await #expect(throws: KeptnError.self) { try await call() }
                #expect(error?.code == code, "\(error?.message ?? "")")
            }
        }
        #expect(try await world.files.repositories() == ["sockshop"])
    }

    private static func pull(_ world: World) async throws -> [String: BranchDifference] {
        try await world.upstreams.pull(branches, of: "sockshop", from: world.upstream)
    }

    private static func heads(_ world: World) async throws -> [String: String] {
        var heads: [String: String] = [:]
        for branch in branches { heads[branch] = try await world.files.head(of: branch, in: "sockshop") }
        return heads
    }

    private static func commitHere(_ branch: String, _ file: String, _ world: World) async throws {
        let tip = try await world.files.head(of: branch, in: "sockshop")
        let new = try VersionedFilesContract.write(file, "ours")
        _ = try await world.files.commit(new, to: branch, in: "sockshop", expecting: tip)
    }

    private static func has(_ file: String, _ branch: String, _ world: World) async throws -> Bool {
        let tip = try #require(try await world.files.head(of: branch, in: "sockshop"))
        return try await world.files.read(RepositoryPath(file), at: tip, in: "sockshop") != nil
    }
}
