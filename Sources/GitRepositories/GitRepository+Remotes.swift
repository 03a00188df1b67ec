import CGit2
import Glibc
import Ports

/// An upstream that libgit2 talks to. For one call.
struct GitRemote: ~Copyable {
    private let pointer: OpaquePointer
    private let call: RemoteCall
    private let payload: UnsafeMutableRawPointer

    /// - Parameter repository: nil when nothing is to be kept.
    init(_ call: RemoteCall, _ payload: UnsafeMutableRawPointer, in repository: GitRepository?) throws {
        let url = call.upstream.remoteURL
        pointer = try LibGit2.make("preparing '\(url)'") {
            if let repository {
                git_remote_create_anonymous($0, repository.pointer, url)
            } else {
                git_remote_create_detached($0, url)
            }
        }
        self.call = call
        self.payload = payload
    }

    deinit { git_remote_free(pointer) }

    /// The newest commits by branch.
    func branches() throws -> [String: git_oid] {
        var callbacks = try call.callbacks(payload)
        try LibGit2.check(
            git_remote_connect(pointer, GIT_DIRECTION_FETCH, &callbacks, nil, nil),
            "connecting to '\(call.upstream)'")
        var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
        var count = 0
        try LibGit2.check(git_remote_ls(&heads, &count, pointer), "listing '\(call.upstream)'")
        let prefix = "refs/heads/"
        var branches: [String: git_oid] = [:]
        for index in 0..<count {
            guard let head = heads?[index]?.pointee, let name = String(validatingCString: head.name),
                name.hasPrefix(prefix)
            else { continue }
            branches[String(name.dropFirst(prefix.count))] = head.oid
        }
        return branches
    }

    /// Fetches branches under names of their own, so that a later call knows what is there already.
    func fetch(_ branches: [String]) throws {
        var options = git_fetch_options()
        try LibGit2.check(
            git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION)), "preparing to fetch")
        options.callbacks = try call.callbacks(payload)
        options.update_fetchhead = 0
        options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
        let references = branches.map { "+refs/heads/\($0):refs/remotes/upstream/\($0)" }
        let code = withStringArray(references) { git_remote_fetch(pointer, $0, &options, nil) }
        try LibGit2.check(code, "fetching from '\(call.upstream)'")
    }

    func push(_ branches: [String]) throws {
        var options = git_push_options()
        try LibGit2.check(git_push_options_init(&options, UInt32(GIT_PUSH_OPTIONS_VERSION)), "preparing to push")
        options.callbacks = try call.callbacks(payload)
        let references = branches.map { "refs/heads/\($0):refs/heads/\($0)" }
        let code = withStringArray(references) { git_remote_push(pointer, $0, &options) }
        if code == GIT_ENONFASTFORWARD.rawValue {
            throw KeptnError(.conflict, "the upstream '\(call.upstream)' has commits that ours do not follow")
        }
        try LibGit2.check(code, "pushing to '\(call.upstream)'")
    }

    private func withStringArray(_ strings: [String], _ body: (UnsafePointer<git_strarray>) -> Int32) -> Int32 {
        var copies = strings.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return copies.withUnsafeMutableBufferPointer { buffer in
            var array = git_strarray(strings: buffer.baseAddress, count: buffer.count)
            return body(&array)
        }
    }
}

extension GitRepository {
    /// Fetches branches and moves ours forward to theirs; tells what remains different.
    func pull(_ branches: [String], _ call: RemoteCall, _ payload: UnsafeMutableRawPointer) throws
        -> [String: BranchDifference]
    {
        let remote = try GitRemote(call, payload, in: self)
        let theirs = try remote.branches()
        let wanted = branches.filter { theirs[$0] != nil }
        if !wanted.isEmpty { try remote.fetch(wanted) }
        var differences: [String: BranchDifference] = [:]
        for branch in branches {
            differences[branch] = try moveForward(branch, to: theirs[branch])
        }
        return differences
    }

    /// Nil when the branch is where theirs is, now at the latest.
    private func moveForward(_ branch: String, to their: git_oid?) throws -> BranchDifference? {
        guard var their else { return .ahead }
        guard var our = try tip(of: branch) else {
            try move(branch, from: nil, to: their)
            return nil
        }
        if git_oid_equal(&our, &their) == 1 { return nil }
        var (ahead, behind) = (0, 0)
        try LibGit2.check(
            git_graph_ahead_behind(&ahead, &behind, pointer, &our, &their), "comparing branch '\(branch)' of '\(name)'")
        if ahead == 0 {
            try move(branch, from: our.hex, to: their)
            return nil
        }
        return behind == 0 ? .ahead : .diverged
    }
}
