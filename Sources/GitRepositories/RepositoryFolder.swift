import FoundationEssentials
import Glibc
import Ports

/// The folder of all repositories, `NAME.git` each. What is under way has a name that begins with a dot, so that
/// nobody takes it for a repository, and is swept away at the next start.
struct RepositoryFolder: Sendable {
    let path: String

    private static let suffix = ".git"
    private static let underWay = ".under-way-"

    /// Where the repository lies. Throws `.notFound` for a name that none can have.
    func path(of repository: String) throws -> String {
        guard (try? RepositoryNames.check(repository: repository)) != nil else { throw Self.unknown(repository) }
        return "\(path)/\(repository)\(Self.suffix)"
    }

    func exists(_ repository: String) throws -> Bool { access(try path(of: repository), F_OK) == 0 }

    func repositories() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path)
            .filter { $0.hasSuffix(Self.suffix) }
            .map { String($0.dropLast(Self.suffix.count)) }
            .filter { (try? RepositoryNames.check(repository: $0)) != nil }
            .sorted()
    }

    /// Makes a repository aside and puts it into its place in one step, once all of it is on the disk.
    func create(_ repository: String, _ build: (_ path: String) throws -> Void) throws {
        let place = try path(of: repository)
        let workshop = try makeWorkshop()
        defer { discard(workshop) }
        let draft = "\(workshop)/new"
        try build(draft)
        for path in try FileManager.default.subpathsOfDirectory(atPath: draft) { try sync("\(draft)/\(path)") }
        try sync(draft)
        guard rename(draft, place) == 0 else {
            if errno == EEXIST || errno == ENOTEMPTY {
                throw KeptnError(.conflict, "repository '\(repository)' exists already")
            }
            throw Self.failure("renaming", draft)
        }
        try sync(path)
    }

    func remove(_ repository: String) throws {
        let place = try path(of: repository)
        let workshop = try makeWorkshop()
        defer { discard(workshop) }
        guard rename(place, "\(workshop)/old") == 0 else {
            throw errno == ENOENT ? Self.unknown(repository) : Self.failure("renaming", place)
        }
        try sync(path)
    }

    /// Makes the folder when it is missing and removes what a crash has left: unfinished repositories, half removed
    /// ones, and the locks of references, which would keep their branches from ever changing again.
    func prepare() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: path) where name.hasPrefix(Self.underWay) {
            try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
        for repository in try repositories() {
            let place = try path(of: repository)
            let top = ["HEAD", "config", "packed-refs"]
            // A folder that only looks like a repository must not keep the others from being served.
            let hasReferences = FileManager.default.fileExists(atPath: "\(place)/refs")
            let references = hasReferences ? try FileManager.default.subpathsOfDirectory(atPath: "\(place)/refs") : []
            let locks = top.map { "\($0).lock" } + references.filter { $0.hasSuffix(".lock") }.map { "refs/\($0)" }
            for lock in locks where unlink("\(place)/\(lock)") != 0 && errno != ENOENT {
                throw Self.failure("removing", "\(place)/\(lock)")
            }
        }
    }

    static func unknown(_ repository: String) -> KeptnError {
        KeptnError(.notFound, "there is no repository '\(repository)'")
    }

    func makeWorkshop() throws -> String {
        var template = Array("\(path)/\(Self.underWay)XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Self.failure("making a folder in", path) }
        return String(cString: made)
    }

    /// What cannot be removed now is removed at the next start.
    func discard(_ workshop: String) { try? FileManager.default.removeItem(atPath: workshop) }

    func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("opening", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.failure("syncing", path) }
    }

    static func failure(_ what: String, _ path: String) -> KeptnError {
        KeptnError(.unavailable, "\(what) '\(path)' failed: \(String(cString: strerror(errno)))")
    }
}
