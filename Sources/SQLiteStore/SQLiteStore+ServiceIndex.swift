import CloudEvents
import GRDB
package import Ports

extension SQLiteStore: ServiceIndex {
    package func serviceFolders(project: String, stage: String) async throws -> [String: IndexedFolder] {
        try await read("the folders of stage \(stage)") { db in
            let statement = try db.cachedStatement(
                sql: "SELECT name, content, created_at FROM service_folders WHERE project = ? AND stage = ?")
            let rows = try Row.fetchAll(statement, arguments: [project, stage])
            return Dictionary(
                uniqueKeysWithValues: rows.map { row in
                    let createdAt = (row[2] as Int64?).map(Timestamp.init(nanoseconds:))
                    return (row[0], IndexedFolder(content: row[1], createdAt: createdAt))
                })
        }
    }

    package func noteServiceFolders(_ found: [String: IndexedFolder?], project: String, stage: String) async throws {
        try await write("the folders of stage \(stage)") { db in
            let keep = try db.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO service_folders (project, stage, name, content, created_at)
                    VALUES (?, ?, ?, ?, ?)
                    """)
            let drop = try db.cachedStatement(
                sql: "DELETE FROM service_folders WHERE project = ? AND stage = ? AND name = ?")
            for (name, folder) in found {
                guard let folder else {
                    try drop.execute(arguments: [project, stage, name])
                    continue
                }
                try keep.execute(
                    arguments: [project, stage, name, folder.content, folder.createdAt?.nanoseconds])
            }
        }
    }

    package func forgetServiceFolders(project: String) async throws {
        try await write("the folders of project \(project)") { db in
            try db.execute(sql: "DELETE FROM service_folders WHERE project = ?", arguments: [project])
        }
    }
}
