/// The index by which lists of many places find the newest event of a type.
extension Schema {
    /// Without a rowid, so that it holds the table's key, and is written once for each place and type.
    static let overviews = "CREATE INDEX latest_events_by_type ON latest_events (type, project);"
}
