/// The indexes by which lists for people are found and counted.
extension Schema {
    /// Finds the newest event of a type in many places. Without a rowid, so that it holds the table's key, and is
    /// written once for each place and type.
    static let overviews = "CREATE INDEX latest_events_by_type ON latest_events (type, project);"

    /// The same two indexes with all that lists filter, count and sort by, so that they do not touch the table, whose
    /// rows are large and lie apart: with thousands of open sequences that took seconds after a start.
    static let listsOfExecutions = """
        DROP INDEX executions_open;
        CREATE INDEX executions_open ON executions (project, stage, service, triggered_at, name, state, task, context)
            WHERE is_open = 1;
        DROP INDEX executions_by_time;
        CREATE INDEX executions_by_time ON executions (project, triggered_at, name, context) WHERE is_first = 1;
        """

    /// What was repaired, in all projects together, newest first. Only remediations are in it, so that a delivery does
    /// not write one index more.
    static let remediations = """
        CREATE INDEX executions_remediations ON executions (triggered_at, project, context)
            WHERE is_first = 1 AND name = 'remediation';
        """
}
