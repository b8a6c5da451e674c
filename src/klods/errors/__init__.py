"""Every situation the host can name, as a tree: catch a family, or one situation.

KlodsError
├── NotFound       NoSuchModule · ModuleNotEnabled · NoSuchPlatform · NoSuchUser · NoSuchToken · NoSuchDryRun · NoSuchArchive ·
│                  NoSuchEntry · LinkSpent · NoSuchFile · NoSuchMail · NoSuchVendor · NoSuchRole · NoSuchTier · NoSuchSignIn · NoSuchMenuItem ·
│                  NoSuchConfigChange · Misdirected
├── Invalid        InvalidDefinition · InvalidName · InvalidPassword · InvalidConfig · InvalidSettings ·
│                  BadParameters · InvalidBackup · UnclearDryRun · InvalidPath · FileTooLarge · InvalidMail · InvalidPerson
├── Conflict       StalePlan · AlreadyRunning · NameTaken · CoreModule · InUse · NotEmpty · StillEnabled ·
│                  StillReferenced · PlaceTaken · NotConfirmed · ReadOnlyModule · ReadOnly · NotLive · HeldMeanwhile ·
│                  KeptSafe · NotSent · AlreadySent · SharedTables · CannotUndo · NothingToUndo · LastPlatform · WithoutDomain ·
│                  FixedRole · LastAdministrator · StaleConfig · ChangedSince · NotLiveHere · LeftBehind · OwnAccount ·
│                  ErasureNotConfirmed
├── Refused        NotSignedIn · WrongPassword · NotAllowed (PermissionMissing · OtherPlatform · OtherSide · ForAllPlatforms ·
│                  MorePowerful) · FeatureMissing · OtherModulesConfig · CrossSite · TooManyTries
├── Misuse         NoScope · BlockingCall · EndedUnit · ForbiddenStatement · MigrationInRequest ·
│                  UndeclaredCall · NotPlain · NotSynchronous
├── Broken         SwallowedFailure · CommitFailed · PartFailed · MigrationFailed · HookFailed · OutsidePrefix · GrantFailed ·
│                  NotSetAside · NotRestored · NoRoles · NotAsked · StrangeAnswer · RetentionFailed · FileLost
└── Unavailable    CannotWrite · NoDatabase · NoFreeConnection · ModuleLoading · ModuleFailed · ServerFailed ·
                   WrongServerVersion · WrongDataVersion · BackupFailed · UnreadableSecret · AnsweredTooLate

A class docstring is the sentence a person reads, with the error's data filled in; ``hint`` says what to do next.
The edges own status codes, exit codes and translations (``web/errors.py``, ``cli/errors.py``); the key is ``code``.
"""

from klods.errors.base import *
from klods.errors.broken import *
from klods.errors.conflict import *
from klods.errors.invalid import *
from klods.errors.missing import *
from klods.errors.misuse import *
from klods.errors.refused import *
from klods.errors.unavailable import *
