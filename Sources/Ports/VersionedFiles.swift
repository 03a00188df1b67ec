package import CloudEvents

/// Repositories of files with branches and a history, each known by its name.
///
/// What a call has answered is durable. An unknown repository or commit is `KeptnError.notFound`, a name that Git could
/// not keep `.invalidInput`.
package protocol VersionedFiles: Sendable {
    /// The names of all repositories, sorted.
    func repositories() async throws -> [String]

    /// Creates a repository with a commit that all its branches grow from, whole or not at all. The first branch is
    /// the one that a clone checks out. Throws `.conflict` when the repository exists.
    func create(_ repository: String, root: NewCommit, branches: [NewBranch]) async throws

    /// Removes a repository with its history.
    func remove(_ repository: String) async throws

    /// The names of the branches, sorted.
    func branches(of repository: String) async throws -> [String]

    /// The newest commit of a branch; nil when there is no such branch.
    func head(of branch: String, in repository: String) async throws -> String?

    /// Whether a commit is the newest of a branch or one that came before it.
    func contains(_ commit: String, branch: String, in repository: String) async throws -> Bool

    /// A file's bytes; nil when there is no file at the path.
    func read(_ path: RepositoryPath, at commit: String, in repository: String) async throws -> [UInt8]?

    /// A file's size in bytes, found without reading it; nil when there is no file at the path.
    func size(of path: RepositoryPath, at commit: String, in repository: String) async throws -> Int?

    /// As `FolderEntry.content`; nil when there is nothing at the path.
    func content(of path: RepositoryPath, at commit: String, in repository: String) async throws -> String?

    /// All files below a folder (nil: the whole repository), sorted. Names that break the rules of `RepositoryPath`,
    /// links and submodules are left out here and in `entries`: somebody else committed them.
    func paths(under folder: RepositoryPath?, at commit: String, in repository: String) async throws -> [RepositoryPath]

    /// What lies directly in a folder (nil: the topmost one), sorted by name; empty when there is no such folder.
    func entries(of folder: RepositoryPath?, at commit: String, in repository: String) async throws -> [FolderEntry]

    /// Commits on top of the expected tip of a branch (nil: there is no such branch yet, and the commit begins it) and
    /// returns the new tip: the old one when nothing changes. Throws `.conflict` when the branch has moved, so that
    /// the caller can read again and decide again; `.invalidInput` for a file where a folder is, or the reverse.
    func commit(
        _ new: NewCommit, to branch: String, in repository: String, expecting tip: String?
    ) async throws -> String

    /// The newest commits of a branch, newest first, each with its first parent; empty when there is no such branch.
    func log(of branch: String, in repository: String, limit: Int) async throws -> [CommitRecord]
}

/// What happens to a path in a commit.
package enum FileChange: Sendable, Hashable {
    case write([UInt8])
    /// Takes away the file, or the folder with all that is in it. A path where nothing is stays as it is.
    case remove
}

/// A commit to be made.
package struct NewCommit: Sendable {
    package let message: String
    package let author: CommitAuthor
    package let time: Timestamp
    package let changes: [RepositoryPath: FileChange]

    /// Throws `KeptnError.invalidInput` when one changed path lies below another one.
    package init(
        message: String, author: CommitAuthor, time: Timestamp, changes: [RepositoryPath: FileChange]
    ) throws(KeptnError) {
        for path in changes.keys {
            for folder in path.folders where changes[folder] != nil {
                throw KeptnError(.invalidInput, "'\(path)' and '\(folder)' cannot change in one commit")
            }
        }
        self.message = message
        self.author = author
        self.time = time
        self.changes = changes
    }
}

/// A branch of a new repository and its first commit.
package struct NewBranch: Sendable {
    package let name: String
    /// On top of the repository's root.
    package let commit: NewCommit

    package init(name: String, commit: NewCommit) {
        self.name = name
        self.commit = commit
    }
}

package struct CommitAuthor: Sendable, Hashable {
    package let name: String
    package let email: String

    package init(name: String, email: String) {
        self.name = name
        self.email = email
    }

    /// Who Keptn's own commits are by (K §2.4).
    package static let keptn = CommitAuthor(name: "keptn", email: "keptn@keptn.sh")
}

/// A commit that was made.
package struct CommitRecord: Sendable, Hashable {
    package let id: String
    package let parent: String?
    package let message: String
    package let author: CommitAuthor
    /// Whole seconds.
    package let time: Timestamp

    package init(id: String, parent: String?, message: String, author: CommitAuthor, time: Timestamp) {
        self.id = id
        self.parent = parent
        self.message = message
        self.author = author
        self.time = time
    }
}

package struct FolderEntry: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case file(bytes: Int)
        case folder
    }

    package let name: String
    package let kind: Kind
    /// Another one for another content, of a folder with all that is in it; the same for the same.
    package let content: String

    package init(name: String, kind: Kind, content: String) {
        self.name = name
        self.kind = kind
        self.content = content
    }
}

/// The names that every implementation accepts: those that are a plain folder name and a plain Git reference at once.
package enum RepositoryNames {
    package static let lengthMax = 200

    /// Throws `KeptnError.invalidInput` for a name that no repository can have.
    package static func check(repository name: String) throws(KeptnError) { try check("repository", name) }

    /// Throws `KeptnError.invalidInput` for a name that no branch can have.
    package static func check(branch name: String) throws(KeptnError) {
        try check("branch", name)
        if name.uppercased() == "HEAD" {
            throw KeptnError(.invalidInput, "a branch cannot be named '\(name)': Git gives that name another meaning")
        }
    }

    private static func check(_ what: String, _ name: String) throws(KeptnError) {
        func isLetterOrDigit(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        let isPlain =
            name.utf8.count <= lengthMax && name.utf8.first.map(isLetterOrDigit) == true
            && name.utf8.allSatisfy { isLetterOrDigit($0) || "-_.".utf8.contains($0) }
        guard isPlain, !name.contains(".."), !name.hasSuffix("."), !name.hasSuffix(".lock"), !name.hasSuffix(".git")
        else {
            throw KeptnError(
                .invalidInput,
                "'\(name)' cannot be the name of a \(what): it consists of at most \(lengthMax) letters, digits, '-', "
                    + "'_' and single dots, begins with a letter or digit and ends neither with a dot nor with "
                    + "'.lock' or '.git'")
        }
    }
}
