import CGit2
import CloudEvents
import Ports

extension GitRepository {
    /// Commits on top of the expected tip and moves the branch there. Nobody sees the commit before the branch moves.
    func commit(_ new: NewCommit, to branch: String, expecting expected: String?) throws -> String {
        guard try tip(of: branch)?.hex == expected else { throw hasMoved(branch) }
        let id = try write(new, onto: expected)
        if id.hex != expected { try move(branch, from: expected, to: id) }
        return id.hex
    }

    /// Writes a commit that no branch knows of yet; the parent itself when nothing changes.
    func write(_ new: NewCommit, onto parent: String?) throws -> git_oid {
        guard let parent else { return try write(new, tree: try changedTree(nil, new), parents: []) }
        let parentCommit = try commit(parent)
        var before = git_commit_tree_id(parentCommit.pointer).pointee
        var after = try changedTree(before, new)
        if git_oid_equal(&before, &after) == 1 { return parentCommit.id }
        return try write(new, tree: after, parents: [parentCommit.pointer])
    }

    /// Throws `.conflict` unless the branch still is where it was (nil: nowhere).
    func move(_ branch: String, from expected: String?, to id: git_oid) throws {
        var id = id
        var reference: OpaquePointer?
        let name = "refs/heads/\(branch)"
        let code: Int32
        if var old = expected.flatMap(git_oid.init(hex:)) {
            code = git_reference_create_matching(&reference, pointer, name, &id, 1, &old, nil)
        } else {
            code = git_reference_create(&reference, pointer, name, &id, 0, nil)
        }
        git_reference_free(reference)
        if [GIT_EMODIFIED, GIT_EEXISTS, GIT_ELOCKED].contains(where: { $0.rawValue == code }) {
            throw hasMoved(branch)
        }
        try LibGit2.check(code, "moving branch '\(branch)' of '\(self.name)'")
    }

    func hasMoved(_ branch: String) -> KeptnError {
        KeptnError(.conflict, "branch '\(branch)' of '\(name)' has moved")
    }

    private func write(_ new: NewCommit, tree id: git_oid, parents: [OpaquePointer?]) throws -> git_oid {
        let tree = try tree(id)
        var author: UnsafeMutablePointer<git_signature>?
        let seconds = new.time.milliseconds / 1000
        try LibGit2.check(
            git_signature_new(&author, new.author.name, new.author.email, seconds, 0), "signing a commit")
        defer { git_signature_free(author) }
        var commit = git_oid()
        var parents = parents
        try LibGit2.check(
            git_commit_create(
                &commit, pointer, nil, author, author, nil, new.message, tree.pointer, parents.count, &parents),
            "committing to '\(name)'")
        return commit
    }

    private func changedTree(_ before: git_oid?, _ new: NewCommit) throws -> git_oid {
        let changes = new.changes.map { (parts: $0.key.parts[...], path: $0.key, change: $0.value) }
        if let after = try changedTree(before, changes) { return after }
        let empty = try builder(nil)
        defer { git_treebuilder_free(empty) }
        return try write(empty)
    }

    private typealias Change = (parts: ArraySlice<String>, path: RepositoryPath, change: FileChange)

    /// The tree with the changes in it and in the trees below; nil when nothing is left, as Git keeps no empty folders.
    private func changedTree(_ before: git_oid?, _ changes: [Change]) throws -> git_oid? {
        let builder = try builder(before)
        defer { git_treebuilder_free(builder) }
        for (part, group) in Dictionary(grouping: changes, by: { Array(($0.parts.first ?? "").utf8) }) {
            let part = String(decoding: part, as: UTF8.self)
            if group.count == 1, let only = group.first, only.parts.count == 1 {
                try change(part, only.change, only.path, in: builder)
            } else {
                let below = group.map { ($0.parts.dropFirst(), $0.path, $0.change) }
                try changeFolder(part, below, in: builder)
            }
        }
        return git_treebuilder_entrycount(builder) > 0 ? try write(builder) : nil
    }

    private func change(
        _ part: String, _ change: FileChange, _ path: RepositoryPath, in builder: OpaquePointer
    ) throws {
        let before = git_treebuilder_get(builder, part)
        switch change {
        case .remove:
            guard before != nil else { return }
            try LibGit2.check(git_treebuilder_remove(builder, part), "removing '\(path)' from '\(name)'")
        case .write(let bytes):
            if let before, GitEntry.kind(before) == .folder {
                throw KeptnError(.invalidInput, "'\(path)' cannot be a file: there is a folder of that name")
            }
            var id = git_oid()
            let code = bytes.withUnsafeBytes { git_blob_create_from_buffer(&id, pointer, $0.baseAddress, $0.count) }
            try LibGit2.check(code, "writing '\(path)' to '\(name)'")
            let isExecutable = before.map { git_tree_entry_filemode($0) == GIT_FILEMODE_BLOB_EXECUTABLE } ?? false
            try insert(part, id, isExecutable ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB, in: builder)
        }
    }

    private func changeFolder(_ part: String, _ changes: [Change], in builder: OpaquePointer) throws {
        let before = git_treebuilder_get(builder, part)
        if let before, GitEntry.kind(before) != .folder {
            // Below something that is no folder there is nothing to remove.
            guard let written = changes.first(where: { $0.change != .remove }) else { return }
            throw KeptnError(
                .invalidInput, "'\(written.path)' cannot be written: the '\(part)' in it is a file, not a folder")
        }
        if let id = try changedTree(before.map { git_tree_entry_id($0).pointee }, changes) {
            try insert(part, id, GIT_FILEMODE_TREE, in: builder)
        } else if before != nil {
            try LibGit2.check(git_treebuilder_remove(builder, part), "removing a folder from '\(name)'")
        }
    }

    private func insert(_ part: String, _ id: git_oid, _ mode: git_filemode_t, in builder: OpaquePointer) throws {
        var id = id
        try LibGit2.check(
            git_treebuilder_insert(nil, builder, part, &id, mode), "writing '\(part)' to '\(name)'")
    }

    /// A folder to change: a copy of the tree, or an empty one.
    private func builder(_ before: git_oid?) throws -> OpaquePointer {
        let what = "changing a folder of '\(name)'"
        guard let before else { return try LibGit2.make(what) { git_treebuilder_new($0, pointer, nil) } }
        let tree = try tree(before)
        return try LibGit2.make(what) { git_treebuilder_new($0, pointer, tree.pointer) }
    }

    private func write(_ builder: OpaquePointer) throws -> git_oid {
        var id = git_oid()
        try LibGit2.check(git_treebuilder_write(&id, builder), "writing a folder of '\(name)'")
        return id
    }
}
