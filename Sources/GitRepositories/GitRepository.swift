import CGit2
import CloudEvents
import Glibc
import Ports

/// An opened bare repository: what is read from it. For one thread at a time.
final class GitRepository {
    let name: String
    let pointer: OpaquePointer

    /// Throws `.notFound` when there is none.
    convenience init(opening name: String, in folder: RepositoryFolder) throws {
        try self.init(opening: name, at: try folder.path(of: name))
    }

    /// Throws `.notFound` when there is none at the path.
    init(opening name: String, at path: String) throws {
        try LibGit2.start()
        let found = try LibGit2.find("opening '\(name)'") { git_repository_open_bare($0, path) }
        guard let found else { throw RepositoryFolder.unknown(name) }
        self.name = name
        pointer = found
    }

    /// Makes an empty repository whose HEAD is the branch.
    init(creating name: String, at path: String, head branch: String) throws {
        try LibGit2.start()
        self.name = name
        pointer = try branch.withCString { branch in
            var options = git_repository_init_options()
            let version = UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION)
            try LibGit2.check(git_repository_init_options_init(&options, version), "creating '\(name)'")
            options.flags =
                GIT_REPOSITORY_INIT_BARE.rawValue | GIT_REPOSITORY_INIT_NO_REINIT.rawValue
                | GIT_REPOSITORY_INIT_MKDIR.rawValue
            options.initial_head = branch
            return try LibGit2.make("creating '\(name)'") { git_repository_init_ext($0, path, &options) }
        }
    }

    deinit { git_repository_free(pointer) }

    /// Whether its folder still exists.
    var isThere: Bool { access(git_repository_path(pointer), F_OK) == 0 }

    func branches() throws -> [String] {
        let iterator = try LibGit2.make("listing the branches of '\(name)'") {
            git_branch_iterator_new($0, pointer, GIT_BRANCH_LOCAL)
        }
        defer { git_branch_iterator_free(iterator) }
        var branches: [String] = []
        while true {
            var reference: OpaquePointer?
            var kind = GIT_BRANCH_LOCAL
            let code = git_branch_next(&reference, &kind, iterator)
            if code == GIT_ITEROVER.rawValue { return branches.sorted() }
            try LibGit2.check(code, "listing the branches of '\(name)'")
            defer { git_reference_free(reference) }
            branches.append(String(cString: git_reference_shorthand(reference)))
        }
    }

    /// The newest commit of a branch; nil when there is no such branch.
    func tip(of branch: String) throws -> git_oid? {
        guard !branch.utf8.contains(0) else { return nil }
        var id = git_oid()
        let code = git_reference_name_to_id(&id, pointer, "refs/heads/\(branch)")
        if code == GIT_ENOTFOUND.rawValue || code == GIT_EINVALIDSPEC.rawValue { return nil }
        try LibGit2.check(code, "reading branch '\(branch)' of '\(name)'")
        return id
    }

    func contains(_ commit: String, branch: String) throws -> Bool {
        var wanted = try self.commit(commit).id
        guard var tip = try tip(of: branch) else { return false }
        if git_oid_equal(&wanted, &tip) == 1 { return true }
        let answer = git_graph_descendant_of(pointer, &tip, &wanted)
        try LibGit2.check(answer, "looking for commit '\(commit)' in '\(name)'")
        return answer == 1
    }

    func read(_ path: RepositoryPath, at commit: String) throws -> [UInt8]? {
        guard var id = try fileID(path, at: commit) else { return nil }
        let blob = GitObject(try LibGit2.make("reading '\(path)' of '\(name)'") { git_blob_lookup($0, pointer, &id) })
        return Array(
            UnsafeRawBufferPointer(
                start: git_blob_rawcontent(blob.pointer), count: Int(git_blob_rawsize(blob.pointer))))
    }

    func size(of path: RepositoryPath, at commit: String) throws -> Int? {
        try fileID(path, at: commit).map(size)
    }

    func content(of path: RepositoryPath, at commit: String) throws -> String? {
        try entry(path, in: try tree(of: try self.commit(commit)))?.id.hex
    }

    func paths(under folder: RepositoryPath?, at commit: String) throws -> [RepositoryPath] {
        guard let tree = try tree(of: folder, at: commit) else { return [] }
        var paths: [RepositoryPath] = []
        try collect(tree, folder, &paths)
        return paths.sorted()
    }

    func entries(of folder: RepositoryPath?, at commit: String) throws -> [FolderEntry] {
        guard let tree = try tree(of: folder, at: commit) else { return [] }
        return try GitEntry.all(of: tree).compactMap { entry in
            switch entry.kind {
            case .folder: FolderEntry(name: entry.path.text, kind: .folder, content: entry.id.hex)
            case .file:
                FolderEntry(name: entry.path.text, kind: .file(bytes: try size(entry.id)), content: entry.id.hex)
            case .other: nil
            }
        }.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    func log(of branch: String, limit: Int) throws -> [CommitRecord] {
        var records: [CommitRecord] = []
        var next = try tip(of: branch)
        while records.count < limit, let id = next {
            let commit = try commit(id.hex)
            let hasParent = git_commit_parentcount(commit.pointer) > 0
            next = hasParent ? git_commit_parent_id(commit.pointer, 0).pointee : nil
            let author = git_commit_author(commit.pointer).pointee
            records.append(
                CommitRecord(
                    id: id.hex, parent: next?.hex, message: String(cString: git_commit_message(commit.pointer)),
                    author: CommitAuthor(name: String(cString: author.name), email: String(cString: author.email)),
                    time: Timestamp(seconds: git_commit_time(commit.pointer))))
        }
        return records
    }
}

extension GitRepository {
    func commit(_ id: String) throws -> GitObject {
        let found: OpaquePointer? =
            if var oid = git_oid(hex: id) {
                try LibGit2.find("reading commit '\(id)' of '\(name)'") { git_commit_lookup($0, pointer, &oid) }
            } else {
                nil
            }
        guard let found else { throw KeptnError(.notFound, "there is no commit '\(id)' in repository '\(name)'") }
        return GitObject(found)
    }

    func tree(of commit: borrowing GitObject) throws -> GitObject {
        GitObject(try LibGit2.make("reading a commit of '\(name)'") { git_commit_tree($0, commit.pointer) })
    }

    func tree(_ id: git_oid) throws -> GitObject {
        var id = id
        return GitObject(try LibGit2.make("reading a folder of '\(name)'") { git_tree_lookup($0, pointer, &id) })
    }

    /// Nil when there is no such folder.
    private func tree(of folder: RepositoryPath?, at commit: String) throws -> GitObject? {
        let root = try tree(of: try self.commit(commit))
        guard let folder else { return root }
        guard let entry = try entry(folder, in: root), entry.kind == .folder else { return nil }
        return try tree(entry.id)
    }

    private func fileID(_ path: RepositoryPath, at commit: String) throws -> git_oid? {
        let entry = try entry(path, in: try tree(of: try self.commit(commit)))
        return entry.flatMap { $0.kind == .file ? $0.id : nil }
    }

    private func entry(_ path: RepositoryPath, in root: borrowing GitObject) throws -> GitEntry? {
        let tree = root.pointer
        let found = try LibGit2.find("finding '\(path)' in '\(name)'") { git_tree_entry_bypath($0, tree, path.text) }
        guard let found else { return nil }
        defer { git_tree_entry_free(found) }
        return GitEntry(found)
    }

    private func collect(
        _ tree: borrowing GitObject, _ folder: RepositoryPath?, _ paths: inout [RepositoryPath]
    ) throws {
        for entry in GitEntry.all(of: tree) {
            let path = folder?.appending(entry.path) ?? entry.path
            switch entry.kind {
            case .file: paths.append(path)
            case .folder: try collect(try self.tree(entry.id), path, &paths)
            case .other: break
            }
        }
    }

    private func size(_ blob: git_oid) throws -> Int {
        let odb = try LibGit2.make("opening the objects of '\(name)'") { git_repository_odb($0, pointer) }
        defer { git_odb_free(odb) }
        var id = blob
        var size = 0
        var type = GIT_OBJECT_BLOB
        try LibGit2.check(git_odb_read_header(&size, &type, odb, &id), "finding a file's size in '\(name)'")
        return size
    }
}

/// One line of a Git tree.
struct GitEntry {
    enum Kind { case file, folder, other }

    let path: RepositoryPath
    let kind: Kind
    let id: git_oid

    /// Nil for a name that breaks our rules.
    init?(_ entry: OpaquePointer) {
        guard let name = String(validatingCString: git_tree_entry_name(entry)), let path = try? RepositoryPath(name)
        else { return nil }
        self.path = path
        kind = Self.kind(entry)
        id = git_tree_entry_id(entry).pointee
    }

    static func all(of tree: borrowing GitObject) -> [GitEntry] {
        (0..<git_tree_entrycount(tree.pointer)).compactMap { index in
            git_tree_entry_byindex(tree.pointer, index).flatMap(GitEntry.init)
        }
    }

    static func kind(_ entry: OpaquePointer) -> Kind {
        switch git_tree_entry_filemode(entry) {
        case GIT_FILEMODE_BLOB, GIT_FILEMODE_BLOB_EXECUTABLE: .file
        case GIT_FILEMODE_TREE: .folder
        default: .other
        }
    }
}
