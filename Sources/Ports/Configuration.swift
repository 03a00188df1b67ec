package import CloudEvents
package import KeptnModel

/// The configuration of projects at a commit, as every component may read it (implemented by configuration-service).
package protocol Configuration: Sendable {
    /// A file, read at the commit (nil: the newest). Nil when the file does not exist there.
    /// Throws `KeptnError.notFound` naming the project, stage or service that does not exist.
    func file(_ path: String, at place: ConfigurationPlace, commit: String?) async throws -> ConfigurationFile?

    /// The newest commit of a place's branch.
    func head(of place: ConfigurationPlace) async throws -> String

    /// All services of a stage, sorted by name.
    func services(project: String, stage: String) async throws -> [ServiceEntry]

    /// Whether the stage has the service: quick, however many it has. Throws as `services` does.
    func hasService(_ scope: Scope) async throws -> Bool

    /// The project's shipyard with the commit that it was read at, the newest if nil.
    /// Throws `KeptnError.notFound` for an unknown project, `InvalidFile` for a shipyard that cannot be used.
    func shipyard(of project: String, commit: String?) async throws -> (shipyard: Shipyard, commit: String)
}

extension Configuration {
    package func hasService(_ scope: Scope) async throws -> Bool {
        try await services(project: scope.project, stage: scope.stage).contains { $0.name == scope.service }
    }
}

/// A level of configuration: a project, one of its stages, or a service in a stage.
package struct ConfigurationPlace: Sendable, Hashable, CustomStringConvertible {
    package var project: String
    package var stage: String?
    package var service: String?

    package init(project: String, stage: String? = nil, service: String? = nil) {
        self.project = project
        self.stage = stage
        self.service = service
    }

    package init(_ scope: Scope) {
        self.init(project: scope.project, stage: scope.stage, service: scope.service)
    }

    /// This place and the more general ones, most special first: service, stage, project.
    package var fallbacks: [ConfigurationPlace] {
        var places = [self]
        if service != nil { places.append(ConfigurationPlace(project: project, stage: stage)) }
        if stage != nil { places.append(ConfigurationPlace(project: project)) }
        return places
    }

    package var description: String { [project, stage, service].compactMap(\.self).joined(separator: "/") }
}

package struct ConfigurationFile: Sendable, Hashable {
    package var path: String
    package var bytes: [UInt8]
    package var commit: String

    package init(path: String, bytes: [UInt8], commit: String) {
        self.path = path
        self.bytes = bytes
        self.commit = commit
    }
}

package struct ServiceEntry: Sendable, Hashable {
    package var name: String
    package var createdAt: Timestamp

    package init(name: String, createdAt: Timestamp) {
        self.name = name
        self.createdAt = createdAt
    }
}

/// The writing side for one who keeps a file of its own there.
package protocol ConfigurationWriting: Configuration {
    /// Writes files in one commit and returns it.
    func write(_ files: [(path: String, bytes: [UInt8])], at place: ConfigurationPlace) async throws -> String
}

/// The reading side for one who takes whole folders.
package protocol ConfigurationListing: Configuration {
    /// The paths of all files below a place, sorted.
    func list(_ place: ConfigurationPlace, commit: String?) async throws -> (paths: [String], commit: String)
}

/// The writing side of the configuration, for the API.
package protocol ConfigurationEditing: ConfigurationWriting, ConfigurationListing {
    /// The names of all projects, sorted, those that cannot be read among them: quick, whatever is in them.
    func projectNames() async throws -> [String]
    /// All projects, sorted by name.
    func projects() async throws -> [ProjectEntry]
    func project(_ name: String) async throws -> ProjectEntry

    /// Creates the repository with the stages of the shipyard, all or nothing, and pushes it to an empty upstream.
    /// Without a shipyard it is imported from an upstream that has Keptn's layout.
    /// Throws `KeptnError.conflict` when it exists or the upstream holds something else, `.invalidInput` for a bad name
    /// or upstream, `.forbiddenByRule` for an upstream on the deny list, `.failedDependency` when the upstream refuses
    /// the token or provisioning fails, `.notFound` for an unknown upstream, `InvalidFile` for a bad shipyard.
    func createProject(_ name: String, shipyard: [UInt8]?, upstream: GitCredentials?) async throws
    /// Changes what is given, all or nothing. Throws as `createProject` does, and `.invalidInput` for a shipyard whose
    /// stages have other names.
    func updateProject(_ name: String, _ update: ProjectUpdate) async throws
    /// Nil for a project without one; answers from memory, without asking the upstream.
    func upstream(of project: String) async throws -> ProjectUpstream?
    /// The upstream keeps its repository, unless it was provisioned.
    func deleteProject(_ name: String) async throws
    /// Removes what a deletion has left beside the files of a project because the process ended in its middle. Throws
    /// `KeptnError.conflict` when the project is there.
    func finishDeletion(of name: String) async throws

    /// Creates the service in every stage. Throws `KeptnError.conflict` when it exists in all of them.
    func createService(_ name: String, in project: String) async throws
    func deleteService(_ name: String, in project: String) async throws

    func delete(_ path: String, at place: ConfigurationPlace) async throws -> String
    /// The commits that changed a file, newest first; those of the last few hundred of its branch.
    func history(of path: String, at place: ConfigurationPlace, limit: Int) async throws -> [FileRevision]
}

extension ConfigurationEditing {
    package func createProject(_ name: String, shipyard: [UInt8]) async throws {
        try await createProject(name, shipyard: shipyard, upstream: nil)
    }

    package func updateShipyard(of project: String, to shipyard: [UInt8]) async throws {
        try await updateProject(project, ProjectUpdate(shipyard: shipyard))
    }
}

/// A commit that changed a file.
package struct FileRevision: Sendable, Hashable {
    package var commit: String
    package var time: Timestamp
    package var author: String
    package var message: String
    /// Whether the file is gone with it.
    package var isDeletion: Bool

    package init(commit: String, time: Timestamp, author: String, message: String, isDeletion: Bool) {
        self.commit = commit
        self.time = time
        self.author = author
        self.message = message
        self.isDeletion = isDeletion
    }
}

/// What is to change about a project.
package struct ProjectUpdate: Sendable {
    package var shipyard: [UInt8]?
    package var upstream: GitCredentials?
    /// To the directory layout, where stages are folders instead of branches (K §2.4).
    package var migrates: Bool

    package init(shipyard: [UInt8]? = nil, upstream: GitCredentials? = nil, migrates: Bool = false) {
        self.shipyard = shipyard
        self.upstream = upstream
        self.migrates = migrates
    }
}

package struct ProjectEntry: Sendable, Hashable {
    package var name: String
    package var createdAt: Timestamp
    package var shipyard: Shipyard
    /// The shipyard file as it was uploaded.
    package var shipyardFile: [UInt8]

    package init(name: String, createdAt: Timestamp, shipyard: Shipyard, shipyardFile: [UInt8]) {
        self.name = name
        self.createdAt = createdAt
        self.shipyard = shipyard
        self.shipyardFile = shipyardFile
    }
}
