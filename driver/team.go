package driver

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

// FoundTeam makes a team.
func (v *Server) FoundTeam(
	ctx context.Context, in *driverpb.FoundTeamRequest,
) (*driverpb.FoundTeamResponse, error) {
	_, err := v.c.Desk.FoundTeam(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		dispatch.FoundTeam{Driver: self(ctx).Driver, Name: in.GetName()})
	if err != nil {
		return nil, err
	}
	team, err := v.teamPB(ctx)
	return &driverpb.FoundTeamResponse{Team: team}, err
}

// InviteToTeam invites a driver.
func (v *Server) InviteToTeam(
	ctx context.Context, in *driverpb.InviteToTeamRequest,
) (*driverpb.InviteToTeamResponse, error) {
	_, err := v.c.Desk.InviteToTeam(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		dispatch.InviteToTeam{
			Driver: self(ctx).Driver, Invited: dispatch.DriverID(in.GetDriverId()),
		})
	if err != nil {
		return nil, err
	}
	team, err := v.teamPB(ctx)
	return &driverpb.InviteToTeamResponse{Team: team}, err
}

// JoinTeam accepts an invitation.
func (v *Server) JoinTeam(
	ctx context.Context, in *driverpb.JoinTeamRequest,
) (*driverpb.JoinTeamResponse, error) {
	_, err := v.c.Desk.JoinTeam(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		memberWord(ctx, in.GetMemberId()))
	if err != nil {
		return nil, err
	}
	team, err := v.teamPB(ctx)
	return &driverpb.JoinTeamResponse{Team: team}, err
}

// LeaveTeam gives up a place in a team.
func (v *Server) LeaveTeam(
	ctx context.Context, in *driverpb.LeaveTeamRequest,
) (*driverpb.LeaveTeamResponse, error) {
	_, err := v.c.Desk.LeaveTeam(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		memberWord(ctx, in.GetMemberId()))
	if err != nil {
		return nil, err
	}
	return &driverpb.LeaveTeamResponse{}, nil
}

func memberWord(ctx context.Context, id string) dispatch.MemberWord {
	return dispatch.MemberWord{Driver: self(ctx).Driver, Member: dispatch.MemberID(id)}
}

// GetTeam reads the driver's team, and what they are invited to.
func (v *Server) GetTeam(
	ctx context.Context, _ *driverpb.GetTeamRequest,
) (*driverpb.GetTeamResponse, error) {
	team, err := v.teamPB(ctx)
	if err != nil {
		return nil, err
	}
	invited, err := v.c.Reads.Invitations(ctx, self(ctx).Driver)
	if err != nil {
		return nil, err
	}
	out := &driverpb.GetTeamResponse{Team: team}
	for _, m := range invited {
		out.Invitations = append(out.Invitations, &driverpb.TeamInvitation{
			MemberId: string(m.ID), TeamName: m.Team.Name, InvitedBy: m.ByName,
			Since: wire.TimePB(m.Since),
		})
	}
	return out, nil
}

// teamPB is the team of the driver who calls, from its rows; nil for none.
func (v *Server) teamPB(ctx context.Context) (*driverpb.Team, error) {
	driver := self(ctx).Driver
	members, err := v.c.Reads.TeamMembers(ctx, driver)
	if err != nil || len(members) == 0 {
		return nil, err
	}
	team := &driverpb.Team{
		Name: members[0].Team.Name, MadeAt: wire.TimePB(members[0].Team.MadeAt),
	}
	for _, m := range members {
		team.Members = append(team.Members, &driverpb.TeamMember{
			MemberId: string(m.ID), Name: m.Name, PhotoUri: m.PhotoURI,
			Joined: m.State == dispatch.MemberJoined, Founder: m.Driver == m.Team.Founder,
			You: m.Driver == driver, Since: wire.TimePB(m.Since),
		})
	}
	return team, nil
}
