package import CloudEvents

/// What was found in the folders of stages when they were looked into last, so that lists of thousands of services need
/// not read thousands of files from Git. Git stays the record: an entry counts only for the content that it names, and
/// all of this may be lost at any time.
package protocol ServiceIndex: Sendable {
    /// By the names of the folders.
    func serviceFolders(project: String, stage: String) async throws -> [String: IndexedFolder]
    /// Notes what was found; nil for a folder that is gone.
    func noteServiceFolders(_ found: [String: IndexedFolder?], project: String, stage: String) async throws
    func forgetServiceFolders(project: String) async throws
}

/// A folder that was looked into.
package struct IndexedFolder: Sendable, Hashable {
    /// As `FolderEntry.content`.
    package var content: String
    /// When the service was created; nil for a folder that is none.
    package var createdAt: Timestamp?

    package init(content: String, createdAt: Timestamp?) {
        self.content = content
        self.createdAt = createdAt
    }
}
