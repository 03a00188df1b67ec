/// The table of what lies in the folders of stages: nothing that Git would not tell again, only slower.
extension Schema {
    /// `created_at` is NULL for a folder that is no service. Times are nanoseconds since 1970.
    static let serviceFolders = """
        CREATE TABLE service_folders (
            project TEXT NOT NULL,
            stage TEXT NOT NULL,
            name TEXT NOT NULL,
            content TEXT NOT NULL,
            created_at INTEGER,
            PRIMARY KEY (project, stage, name)
        ) STRICT, WITHOUT ROWID;
        """
}
