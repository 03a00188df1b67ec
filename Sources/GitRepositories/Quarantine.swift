import CGit2
import FoundationEssentials
import Glibc
import Ports

/// A bare repository aside that sees the objects of a project's: what is pushed lies here until it is accepted.
struct Quarantine: Sendable {
    let name: String
    /// Where the bare repository lies.
    let repository: String
    private let folder: RepositoryFolder
    private let workshop: String
    private let target: String

    init(for name: String, in folder: RepositoryFolder) throws {
        guard try folder.exists(name) else { throw RepositoryFolder.unknown(name) }
        self.name = name
        self.folder = folder
        target = try folder.path(of: name)
        workshop = try folder.makeWorkshop()
        repository = "\(workshop)/push"
        do {
            _ = try GitRepository(creating: name, at: repository, head: "master")
            try Data("\(target)/objects\n".utf8).write(to: URL(filePath: "\(repository)/objects/info/alternates"))
        } catch {
            discard()
            throw error
        }
    }

    /// With the objects that it has by now.
    func open() throws -> GitRepository { try GitRepository(opening: name, at: repository) }

    /// Moves the packs into the project's repository; an index last, as Git looks for packs by it.
    func giveObjects() throws {
        let (source, place) = ("\(repository)/objects/pack", "\(target)/objects/pack")
        let files = try FileManager.default.contentsOfDirectory(atPath: source).filter { $0.hasPrefix("pack-") }
        for file in files.sorted(by: { ($0.hasSuffix(".idx") ? 1 : 0, $0) < ($1.hasSuffix(".idx") ? 1 : 0, $1) }) {
            guard rename("\(source)/\(file)", "\(place)/\(file)") == 0 else {
                throw RepositoryFolder.failure("moving a pushed pack to", place)
            }
        }
        try folder.sync(place)
    }

    func discard() { folder.discard(workshop) }
}

extension GitRepository {
    /// The files in which two commits differ; nil unless the new one follows the old one.
    func changes(from old: String, to new: String) throws -> [PushedChange]? {
        let old = try commit(old)
        let new = try commit(new)
        var (oldID, newID) = (old.id, new.id)
        guard git_oid_equal(&oldID, &newID) == 0 else { return [] }
        let follows = git_graph_descendant_of(pointer, &newID, &oldID)
        try LibGit2.check(follows, "comparing commits of '\(name)'")
        guard follows == 1 else { return nil }
        let oldTree = try tree(of: old)
        let newTree = try tree(of: new)
        let difference = try LibGit2.make("comparing commits of '\(name)'") {
            git_diff_tree_to_tree($0, pointer, oldTree.pointer, newTree.pointer, nil)
        }
        defer { git_diff_free(difference) }
        return (0..<git_diff_num_deltas(difference)).compactMap { index in
            git_diff_get_delta(difference, index).map { Self.change($0.pointee) }
        }
    }

    private static func change(_ delta: git_diff_delta) -> PushedChange {
        guard delta.status != GIT_DELTA_DELETED else { return PushedChange(text(delta.old_file.path), .removed) }
        let modes = [GIT_FILEMODE_BLOB, GIT_FILEMODE_BLOB_EXECUTABLE].map { UInt16($0.rawValue) }
        return PushedChange(text(delta.new_file.path), modes.contains(delta.new_file.mode) ? .written : .leftOut)
    }

    private static func text(_ path: UnsafePointer<CChar>?) -> String { path.map { String(cString: $0) } ?? "" }
}
